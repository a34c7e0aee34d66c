"""Check a request's signature with the webhook's secret, also while the secret is being rotated.

The answer 401 for a wrong signature is in `receiver.py`, for a missing or malformed one in `signature.py`.
"""

from collections.abc import Callable
from typing import Protocol

from pointsman.core.github.signature import is_signed
from pointsman.errors import Misconfigured, Unavailable

# Rate limit for calls to Secrets Manager that wrong signatures cause: a burst first, then this pace for all senders
# together. So forged requests cannot cause many calls, and a new secret works two seconds after it was stored.
FETCH_BURST = 5
SECONDS_PER_FETCH = 2.0


class SecretTexts(Protocol):
    """A secret in its current and its previous version, both cached for a while."""

    def in_hand(self) -> tuple[str, ...]:
        """The cached versions, the newest first. Raises Misconfigured or Unavailable if there is none."""

    def anew(self) -> tuple[str, ...]:
        """The versions that are valid now, fetched again. Raises Misconfigured or Unavailable."""


class TokenBucket:
    """A rate limit: `size` at once, and one more every `seconds`."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float]) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._tokens = float(size)
        self._updated = clock()

    def take(self) -> bool:
        """Take a token. Return False if none is left."""
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._updated) / self._seconds)
        self._updated = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class SignatureCheck:
    """Compares signatures with those of `secret`. `clock` is monotonic, in seconds; `warn` writes a log message."""

    def __init__(self, secret: SecretTexts, clock: Callable[[], float], warn: Callable[[str], None]) -> None:
        self._secret = secret
        self._warn = warn
        self._fetches = TokenBucket(FETCH_BURST, SECONDS_PER_FETCH, clock)

    def admits(self, body: bytes, signature: str) -> bool:
        """Whether `signature` fits `body`. Raises Misconfigured or Unavailable if there is no secret.

        A signature that does not match may have been made with a newer secret, so the secret is fetched again, within
        the rate limit. If that fails, the cached versions decide.
        """
        if _matches_any(self._secret.in_hand(), body, signature):
            return True
        if not self._fetches.take():
            return False
        try:
            secrets = self._secret.anew()
        except (Misconfigured, Unavailable) as error:
            self._warn(f"a signature did not match, and the secret could not be fetched again: {error}")
            return False
        return _matches_any(secrets, body, signature)


def _matches_any(secrets: tuple[str, ...], body: bytes, signature: str) -> bool:
    return any(is_signed(secret.encode(), body, signature) for secret in secrets)
