"""Pairs of figures, one of the product and one of the bare handler, measured one after the other."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pairs:
    """The figures of both in each round: a slower machine slows down both of a pair."""

    ours: Sequence[float]
    bare: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """The ratio of the product to the bare handler in each round."""
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio."""
        return min(self.ratios), max(self.ratios)


@dataclass(frozen=True)
class Row:
    """One line of the table. `unit` is the unit of the figures; `goal` is the largest ratio that meets the goal."""

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
    """The size of a package as zip files in bytes, and its limit."""

    name: str
    number: int
    goal: int | None = None
