"""What one condition, or all of a route's, says to a subject."""

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.model import Outcome
from pointsman.core.patterns.pattern import Hit
from pointsman.core.text import FEW, few, one_line

PATTERNS_TOLD = 5
NAME_TOLD = 200  # characters of a name in a reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and its reason; the pattern that decided, and the file it decided on."""

    outcome: Outcome
    reason: str
    pattern: str | None = None
    file: str | None = None

    def after(self, earlier: Iterable["Verdict"]) -> "Verdict":
        """The same, with the reasons of those that came before it."""
        reasons = [verdict.reason for verdict in (*earlier, self)]
        return Verdict(self.outcome, "; ".join(reasons), self.pattern, self.file)


def place(key: str, hit: Hit) -> str:
    """Where a pattern stands, and what it says: paths[0] `ansible/**`."""
    return f"{key}[{hit.index}] `{hit.pattern.text}`"


def listed(texts: Iterable[str]) -> str:
    """The first patterns of a list, as they are written: `main`, `release/**`."""
    return few([f"`{text}`" for text in texts], PATTERNS_TOLD)


def told(names: Iterable[str]) -> str:
    """The first names, fit to be told, and how many more there are."""
    every = list(names)
    return few([*(one_line(name, NAME_TOLD) for name in every[:FEW]), *every[FEW:]])
