"""A secret by its name, cached for some minutes. It is never in the environment."""

import re
import time
from collections.abc import Callable
from typing import Protocol

from pointsman.errors import Misconfigured, Unavailable

CACHE_SECONDS = 300.0
RETRY_SECONDS = 30.0  # between two calls while Secrets Manager does not answer
STALE_SECONDS = 6 * 3600.0  # a cached text older than this is not used then
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_STORE_TEXT = "store the real text with `aws secretsmanager put-secret-value`"
# What people and templates write until they have the real secret. Anybody could guess it.
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
    """The text of secret `name`. `clock` returns monotonic seconds.

    While Secrets Manager is throttled or does not answer, the cached text is used for up to six hours.
    """

    def __init__(self, source: SecretSource, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._name = name
        self._clock = clock
        self._cached: str | None = None
        self._previous: str | None = None
        self._fetched_at = self._expires_at = 0.0

    def __call__(self, *, fresh: bool = False) -> str:
        """The text. `fresh` skips the cache. Raises Misconfigured, which names the secret, or Unavailable."""
        if not fresh and self._cached is not None and self._clock() < self._expires_at:
            return self._cached
        try:
            text = self._fetch()
        except Unavailable:
            if fresh or self._cached is None or self._clock() - self._fetched_at > STALE_SECONDS:
                raise
            self._expires_at = self._clock() + RETRY_SECONDS
            return self._cached
        self._cache(text)
        return text

    def in_hand(self) -> tuple[str, ...]:
        """The text and, if the cache has it, the previous one. Both are valid while a secret is rotated."""
        current = self()
        return (current,) if self._previous in (None, current) else (current, str(self._previous))

    def anew(self) -> tuple[str, ...]:
        """Both texts, from Secrets Manager and not the cache (AWSCURRENT and AWSPREVIOUS). Raises like a call."""
        self(fresh=True)
        self._previous = self._fetch_previous()
        return self.in_hand()

    def _cache(self, text: str) -> None:
        if self._cached not in (None, text):
            self._previous = self._cached  # as Secrets Manager does with AWSPREVIOUS
        self._cached = text
        self._fetched_at = self._clock()
        self._expires_at = self._fetched_at + CACHE_SECONDS

    def _fetch(self, stage: str = CURRENT) -> str:
        text = self._source.fetch(self._name, stage).strip()
        if not text:
            raise Misconfigured(f"secret {self._name} has no text: {_STORE_TEXT}")
        if _PLACEHOLDER.fullmatch(text):
            raise Misconfigured(f"secret {self._name} holds a placeholder: {_STORE_TEXT}")
        return text

    def _fetch_previous(self) -> str | None:
        """The previous text, or None where there is none or it is empty or a placeholder."""
        try:
            return self._fetch(PREVIOUS)
        except Misconfigured:
            return None
        except Unavailable:
            return self._previous
