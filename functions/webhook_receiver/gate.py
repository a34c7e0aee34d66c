"""Who may come in: requests signed with the webhook's secret, also in the minutes after it was changed."""

from collections.abc import Callable
from typing import Protocol

from aws_lambda_powertools import Logger

from pointsman.core.signature import is_signed
from pointsman.errors import Misconfigured, Unavailable

logger = Logger(child=True)

SECONDS_BETWEEN_FETCHES = 60  # a forger must not have us ask Secrets Manager at his pace


class SecretText(Protocol):
    """A secret that is kept for a while; `fresh` asks for it anew."""

    def __call__(self, *, fresh: bool = False) -> str:
        """The text. Raises Misconfigured or Unavailable."""


class Gate:
    """Compares signatures with `secret`. `clock` gives seconds that never go back."""

    def __init__(self, secret: SecretText, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock
        self._fetched_at: float | None = None

    def admits(self, body: bytes, signature: str) -> bool:
        """Whether `signature` is the secret's for `body`. Raises Misconfigured or Unavailable when there is no secret.

        A wrong signature may be one made with a newer secret than the one kept, so then the secret is fetched again:
        once a minute at most. Where that fails, the one that is kept decides.
        """
        known = self._secret()
        if is_signed(known.encode(), body, signature):
            return True
        now = self._clock()
        if self._fetched_at is not None and now - self._fetched_at < SECONDS_BETWEEN_FETCHES:
            return False
        self._fetched_at = now
        try:
            newest = self._secret(fresh=True)
        except (Misconfigured, Unavailable) as error:
            logger.warning("a signature was wrong, and no newer secret could be fetched", extra={"error": str(error)})
            return False
        return newest != known and is_signed(newest.encode(), body, signature)
