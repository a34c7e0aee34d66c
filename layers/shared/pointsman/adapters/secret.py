"""A secret by its name, kept for a while: it is never in the environment."""

import re
import time
from collections.abc import Callable
from typing import Protocol

from pointsman.errors import Misconfigured, Unavailable

KEPT_SECONDS = 300.0
RETRY_SECONDS = 30.0  # between two questions while Secrets Manager does not answer
STALE_SECONDS = 6 * 3600.0  # how long the copy in hand serves then
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
# What people and templates write until the real one is there: no forger has to guess it.
_PLACEHOLDER = re.compile(
    r"<.*>|(put|enter|insert|add|your|replace)\b.*\b(here|secret|token|this|me)"
    r"|change[ _-]?me|(my|your|the|a|webhook)?[ _-]?(secret|password|token)|place[ _-]?holder"
    r"|to[ _-]?do|tbd|test|example|dummy|none|null|x+|\.+|-+",
    re.IGNORECASE | re.DOTALL,
)


class SecretSource(Protocol):
    """Where secrets are kept."""

    def fetch(self, name: str, stage: str) -> str:
        """The text of a secret at a stage, or "" if it has none. Raises Misconfigured, or Unavailable for now."""


class Secret:
    """The text of secret `name`. `clock` gives seconds that never go back.

    Where Secrets Manager is throttled or does not answer, the copy in hand serves on for some hours.
    """

    def __init__(self, source: SecretSource, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._name = name
        self._clock = clock
        self._kept: str | None = None
        self._previous: str | None = None
        self._fetched_at = self._ask_again_at = 0.0

    def __call__(self, *, fresh: bool = False) -> str:
        """The text; with `fresh`, past the copy in hand. Raises Misconfigured naming the secret, or Unavailable."""
        if not fresh and self._kept is not None and self._clock() < self._ask_again_at:
            return self._kept
        try:
            text = self._fetch()
        except Unavailable:
            if fresh or self._kept is None or self._clock() - self._fetched_at > STALE_SECONDS:
                raise
            self._ask_again_at = self._clock() + RETRY_SECONDS
            return self._kept
        self._keep(text)
        return text

    def in_hand(self) -> tuple[str, ...]:
        """The text, and the one before it where that is known: both are good while a secret is changed."""
        now = self()
        return (now,) if self._previous in (None, now) else (now, str(self._previous))

    def anew(self) -> tuple[str, ...]:
        """The same, both asked of Secrets Manager now (stages AWSCURRENT and AWSPREVIOUS). Raises as a call does."""
        self(fresh=True)
        self._previous = self._fetch_previous()
        return self.in_hand()

    def _keep(self, text: str) -> None:
        if self._kept not in (None, text):
            self._previous = self._kept  # as Secrets Manager moves its stages
        self._kept = text
        self._fetched_at = self._clock()
        self._ask_again_at = self._fetched_at + KEPT_SECONDS

    def _fetch(self, stage: str = CURRENT) -> str:
        text = self._source.fetch(self._name, stage).strip()
        if not text:
            raise Misconfigured(f"secret {self._name} has no text: put one there")
        if _PLACEHOLDER.fullmatch(text):
            raise Misconfigured(f"secret {self._name} holds a placeholder: put the real one there")
        return text

    def _fetch_previous(self) -> str | None:
        """The one before; None where there is none, or none that could be a secret."""
        try:
            return self._fetch(PREVIOUS)
        except Misconfigured:
            return None
        except Unavailable:
            return self._previous
