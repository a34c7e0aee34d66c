"""Pairs of figures, one of ours and one of the bare handler, measured one after the other."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pairs:
    """Figures of both, round by round: a machine that slows down slows both of a pair."""

    ours: Sequence[float]
    bare: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """Ours divided by the bare handler's, for each round."""
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest ratio."""
        return min(self.ratios), max(self.ratios)


@dataclass(frozen=True)
class Row:
    """One line of the table. `unit` is what the figures are shown in; `goal` is the ratio that ours may reach."""

    case: str
    figure: str
    unit: str
    pairs: Pairs
    goal: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        return None if self.goal is None else self.pairs.ratio <= self.goal


@dataclass(frozen=True)
class Size:
    """A package's bytes as zip files, and how many it may have."""

    name: str
    number: int
    goal: int | None = None
