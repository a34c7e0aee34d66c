"""Checks a request's signature against the webhook's secret, also while the secret is being rotated."""

from collections.abc import Callable
from typing import Protocol

from pointsman.core.github.signature import is_signed
from pointsman.errors import Misconfigured, Unavailable

# How often a wrong signature may have us ask Secrets Manager: a few times at once, then at this pace whoever knocks. So
# a forger sets no pace, and a new secret is known two seconds after it was put there, however many forgers there are.
QUESTIONS_AT_ONCE = 5
SECONDS_A_QUESTION = 2.0


class SecretTexts(Protocol):
    """A secret with the one before it, both kept for a while."""

    def in_hand(self) -> tuple[str, ...]:
        """Those that are kept, the newest first. Raises Misconfigured or Unavailable where there is none."""

    def anew(self) -> tuple[str, ...]:
        """Those that are good now. Raises Misconfigured or Unavailable."""


class Allowance:
    """A token bucket: `most` at once, and one more every `seconds`."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._left = float(most)
        self._since = clock()

    def take(self) -> bool:
        """Take one, where there is one."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._since) / self._seconds)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class SignatureCheck:
    """Compares signatures with `secret`. `clock` gives seconds that never go back; `warn` takes a line for the log."""

    def __init__(self, secret: SecretTexts, clock: Callable[[], float], warn: Callable[[str], None]) -> None:
        self._secret = secret
        self._warn = warn
        self._questions = Allowance(QUESTIONS_AT_ONCE, SECONDS_A_QUESTION, clock)

    def admits(self, body: bytes, signature: str) -> bool:
        """Whether `signature` is the secret's for `body`. Raises Misconfigured or Unavailable when there is no secret.

        A wrong signature may be one made with another secret than those in hand, so then they are asked for anew,
        within an allowance. Where that fails, those in hand decide.
        """
        if _is_signed(self._secret.in_hand(), body, signature):
            return True
        if not self._questions.take():
            return False
        try:
            good = self._secret.anew()
        except (Misconfigured, Unavailable) as error:
            self._warn(f"a signature was wrong, and no newer secret could be fetched: {error}")
            return False
        return _is_signed(good, body, signature)


def _is_signed(secrets: tuple[str, ...], body: bytes, signature: str) -> bool:
    return any(is_signed(secret.encode(), body, signature) for secret in secrets)
