"""Which faults happen, how often, and how many did."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


class DiedError(BaseException):
    """The process is gone: no handler of errors sees this."""


@dataclass
class FaultInjector:
    """Chances, in parts of one, while `on`; `seen` counts what happened."""

    random: random.Random
    on: bool = True
    death: float = 0.01  # at each side effect: half of them before it, half after it
    lost_answer: float = 0.05  # of StartBuild: it is carried out, and nobody hears of it
    late_start: float = 0.03  # a StartBuild that went unanswered is carried out up to a minute later
    throttle: float = 0.05
    unavailable: float = 0.03  # of each call of the store
    forgotten: float = 0.03  # a build that BatchGetBuilds leaves out of an answer
    event_lost: float = 0.15
    event_doubled: float = 0.10
    event_late: float = 0.10  # by up to three hours
    deleted: float = 0.01  # of ended builds: somebody deletes them
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
        """Seconds by which a process's clock is wrong."""
        return self.random.uniform(-self.skew_seconds, self.skew_seconds) if self.on else 0.0

    def effect[Answer](self, act: Callable[[], Answer]) -> Answer:
        """A side effect, before or after which the process may die."""
        if self.happens("death", self.death / 2):
            raise DiedError
        answer = act()
        if self.happens("death", self.death / 2):
            raise DiedError
        return answer
