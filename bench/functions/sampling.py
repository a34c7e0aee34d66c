"""Measures a function: its start with the first call, and warm calls."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.functions.ratios import Pairs
from bench.functions.runtime import Call, Program
from bench.functions.workshop import Workshop

type MakeEvent = Callable[[], Any]


@dataclass(frozen=True)
class BenchmarkedFunction:
    """A function to measure. `prepare` runs before its start; `check` raises if a call did not do its work."""

    program: Program
    event: MakeEvent
    prepare: Callable[[], None] = lambda: None
    check: Callable[[Any], None] = lambda _: None


@dataclass(frozen=True)
class Sample:
    """The figures of one process: seconds, and bytes after the first call."""

    cold_wall: float
    cold_cpu: float
    memory: float
    warm_wall: float | None
    warm_cpu: float | None


@dataclass(frozen=True)
class BenchmarkCase:
    """A function and the bare handler, with the number of warm calls per process."""

    title: str
    ours: BenchmarkedFunction
    bare: BenchmarkedFunction
    warm_calls: int = 0


class Measured:
    """The samples of one case, alternating between the function and the bare handler."""

    def __init__(self, case: BenchmarkCase) -> None:
        self.case = case
        self._ours: list[Sample] = []
        self._bare: list[Sample] = []

    def round(self, workshop: Workshop) -> None:
        """Add one sample of each."""
        for subject, samples in ((self.case.ours, self._ours), (self.case.bare, self._bare)):
            samples.append(sample(workshop, subject, self.case.warm_calls))

    def pairs(self, figure: str) -> Pairs:
        """The pairs of one of a sample's figures."""
        return Pairs([getattr(each, figure) for each in self._ours], [getattr(each, figure) for each in self._bare])


def sample(workshop: Workshop, subject: BenchmarkedFunction, warm_calls: int) -> Sample:
    """Start a function, call it, and end it. Raises FunctionFailed, or what `check` raises."""
    subject.prepare()
    with workshop.start(subject.program, event_bytes(subject)) as running:
        subject.check(running.first.answer.content)
        warm: list[Call] = []
        for _ in range(warm_calls):
            warm.append(running.call(event_bytes(subject)))
            subject.check(warm[-1].answer.content)
        return Sample(
            cold_wall=running.first.wall,
            cold_cpu=running.first.cpu,
            memory=running.first.peak,
            warm_wall=statistics.median(each.wall for each in warm) if warm else None,
            warm_cpu=statistics.median(each.cpu for each in warm) if warm else None,
        )


def event_bytes(subject: BenchmarkedFunction) -> bytes:
    """A new event for a function."""
    return json.dumps(subject.event()).encode()
