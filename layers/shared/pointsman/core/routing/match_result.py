"""The result of one condition, or of all conditions of a route."""

from collections.abc import Iterable

from msgspec import Struct

from pointsman.core.decision import Outcome
from pointsman.core.patterns.pattern import Hit
from pointsman.core.text import NAMES_LISTED, join_first, one_line

PATTERNS_LISTED = 5
NAME_LENGTH = 200  # characters of a name in a reason


class MatchResult(Struct, frozen=True):
    """An outcome with its reason, the pattern that decided, and the file that the pattern matched."""

    outcome: Outcome
    reason: str
    pattern: str | None = None
    file: str | None = None

    def after(self, earlier: Iterable["MatchResult"]) -> "MatchResult":
        """Return this result with the reasons of earlier results in front of its own."""
        reasons = [result.reason for result in (*earlier, self)]
        return MatchResult(self.outcome, "; ".join(reasons), self.pattern, self.file)


def quote_pattern(key: str, hit: Hit) -> str:
    """A pattern with its position: paths[0] `ansible/**`."""
    return f"{key}[{hit.index}] `{hit.pattern.text}`"


def list_patterns(texts: Iterable[str]) -> str:
    """The first patterns of a list: `main`, `release/**`."""
    return join_first([f"`{text}`" for text in texts], PATTERNS_LISTED)


def list_names(names: Iterable[str]) -> str:
    """The first names, each on one line, and the number of the others."""
    every = list(names)
    return join_first([*(one_line(name, NAME_LENGTH) for name in every[:NAMES_LISTED]), *every[NAMES_LISTED:]])
