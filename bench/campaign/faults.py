"""Random faults."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


class DiedError(BaseException):
    """The process died: no `except Exception` sees this."""


@dataclass
class FaultInjector:
    """The probability of each fault while `on`. `seen` counts the faults that happened."""

    random: random.Random
    on: bool = True
    death: float = 0.01  # at each side effect: half before it, half after it
    lost_answer: float = 0.05  # of StartBuild: the build starts, but the answer is lost
    late_start: float = 0.03  # a StartBuild without an answer starts the build up to a minute later
    throttle: float = 0.05
    unavailable: float = 0.03  # of each call of the store
    forgotten: float = 0.03  # a build that BatchGetBuilds leaves out
    event_lost: float = 0.15
    event_doubled: float = 0.10
    event_late: float = 0.10  # by up to three hours
    deleted: float = 0.01  # of ended builds: a person deletes them
    skew_seconds: float = 30.0
    seen: Counter[str] = field(default_factory=Counter)

    def happens(self, kind: str, chance: float | None = None) -> bool:
        """Whether a fault happens now."""
        odds = float(getattr(self, kind)) if chance is None else chance
        if not self.on or self.random.random() >= odds:
            return False
        self.seen[kind] += 1
        return True

    def skew(self) -> float:
        """The error of a process's clock in seconds."""
        return self.random.uniform(-self.skew_seconds, self.skew_seconds) if self.on else 0.0

    def effect[Answer](self, act: Callable[[], Answer]) -> Answer:
        """Make a side effect. The process may die before or after it."""
        if self.happens("death", self.death / 2):
            raise DiedError
        answer = act()
        if self.happens("death", self.death / 2):
            raise DiedError
        return answer
