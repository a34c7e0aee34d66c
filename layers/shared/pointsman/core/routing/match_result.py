"""What one condition, or all of a route's, says to a subject."""

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.model import Outcome
from pointsman.core.patterns.pattern import Hit
from pointsman.core.text import NAMES_LISTED, join_first, one_line

PATTERNS_SHOWN = 5
NAME_LENGTH = 200  # characters of a name in a reason


@dataclass(frozen=True, slots=True)
class MatchResult:
    """An outcome and its reason; the pattern that decided, and the file it decided on."""

    outcome: Outcome
    reason: str
    pattern: str | None = None
    file: str | None = None

    def after(self, earlier: Iterable["MatchResult"]) -> "MatchResult":
        """The same, with the reasons of those that came before it."""
        reasons = [result.reason for result in (*earlier, self)]
        return MatchResult(self.outcome, "; ".join(reasons), self.pattern, self.file)


def quote_pattern(key: str, hit: Hit) -> str:
    """Where a pattern stands, and what it says: paths[0] `ansible/**`."""
    return f"{key}[{hit.index}] `{hit.pattern.text}`"


def list_patterns(texts: Iterable[str]) -> str:
    """The first patterns of a list, as they are written: `main`, `release/**`."""
    return join_first([f"`{text}`" for text in texts], PATTERNS_SHOWN)


def list_names(names: Iterable[str]) -> str:
    """The first names, fit to be told, and how many more there are."""
    every = list(names)
    return join_first([*(one_line(name, NAME_LENGTH) for name in every[:NAMES_LISTED]), *every[NAMES_LISTED:]])
