"""The measured cases and their goals. start_build gets the real message of the receiver."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.functions import events
from bench.functions.ratios import Row, Size
from bench.functions.runtime import Program
from bench.functions.sampling import BenchmarkCase, BenchmarkedFunction, Measured, event_bytes
from bench.functions.tables import Item
from bench.functions.workshop import ROOT, Workshop

RECEIVER, START_BUILD, AUDIT_WRITER, NOTIFY = "WebhookReceiver", "StartBuild", "AuditWriter", "Notify"
TARGETS = 10  # of the shipped routes.yaml
# CPU of start_build's cold start for 10 targets at commit a5f6fc2, in cold starts of the bare handler in the same run.
START_BUILD_AT_A5F6FC2 = 30.5  # of 15 rounds: 28.8 to 33.1
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Figure:
    """A line of the table: a figure of a case, and its goal as a ratio to the bare handler."""

    case: str
    name: str
    shown: str
    unit: str
    goal: float | None = None


COLD = "webhook_receiver: a push"
SENDS = "a bare handler with one call to SQS"
LARGE = "webhook_receiver: 5.4 MB, 200 routes"
LARGE_MERGE = "webhook_receiver: 5.4 MB, 200 routes, a merge"
STARTS = f"start_build: {TARGETS} targets"
AUDIT = "audit_writer: a build began"
TELLS = "notify: a rollout began"
FIGURES = (
    Figure(COLD, "cold_wall", "cold start, wall", "ms", 3.1),
    Figure(COLD, "cold_cpu", "cold start, CPU", "ms", 3.1),
    Figure(COLD, "warm_wall", "warm p50, wall", "ms", 2.9),
    Figure(COLD, "warm_cpu", "warm p50, CPU", "ms", 2.9),
    Figure(COLD, "memory", "memory after the first call", "MB", 1.7),
    Figure(SENDS, "warm_wall", "warm p50, wall", "ms"),
    Figure(SENDS, "warm_cpu", "warm p50, CPU", "ms"),
    Figure(LARGE, "warm_wall", "warm p50, wall", "ms", 2.2),
    Figure(LARGE, "warm_cpu", "warm p50, CPU", "ms", 2.2),
    Figure(LARGE_MERGE, "warm_wall", "warm p50, wall", "ms", 2.2),
    Figure(LARGE_MERGE, "warm_cpu", "warm p50, CPU", "ms", 2.2),
    Figure(STARTS, "cold_cpu", "cold start, CPU", "ms", START_BUILD_AT_A5F6FC2 / 2),
    Figure(STARTS, "cold_wall", "cold start, wall", "ms"),
    Figure(STARTS, "memory", "memory after the first call", "MB"),
    Figure(AUDIT, "cold_wall", "cold start, wall", "ms"),
    Figure(AUDIT, "cold_cpu", "cold start, CPU", "ms"),
    Figure(TELLS, "cold_wall", "cold start, wall", "ms"),
    Figure(TELLS, "cold_cpu", "cold start, CPU", "ms"),
)
PACKAGE_GOALS = {RECEIVER: 5 * MEGABYTE}


class WorkNotDone(Exception):
    """A function answered without doing its work."""


def cases(workshop: Workshop, warm_calls: int, large_calls: int) -> list[BenchmarkCase]:
    """Every case, ready to be measured."""
    scene = _Scene(workshop)
    bare = BenchmarkedFunction(workshop.bare("bare.answer"), partial(events.delivery, events.push()))
    receiver = scene.receiver(events.push(), workshop.ours(RECEIVER))
    message = scene.message(receiver)
    started = scene.start_build(message)
    scene.play(started)
    return [
        BenchmarkCase(COLD, receiver, bare, warm_calls),
        BenchmarkCase(SENDS, _sender(workshop, bare), bare, warm_calls),
        *(scene.large(title, large_calls, merge=merge) for title, merge in ((LARGE, False), (LARGE_MERGE, True))),
        BenchmarkCase(STARTS, started, bare),
        BenchmarkCase(AUDIT, scene.audit_writer(), bare),
        BenchmarkCase(TELLS, scene.notify(), bare),
    ]


def _sender(workshop: Workshop, bare: BenchmarkedFunction) -> BenchmarkedFunction:
    def check(answer: Any) -> None:
        _require(answer["statusCode"] == 200, answer)

    return BenchmarkedFunction(workshop.bare("bare_sender.send"), bare.event, workshop.aws.forget, check)


def rows(measured: Mapping[str, Measured]) -> list[Row]:
    """The table's lines, of the cases that were measured."""
    return [
        Row(each.case, each.shown, each.unit, measured[each.case].pairs(each.name), each.goal)
        for each in FIGURES
        if each.case in measured
    ]


def sizes(workshop: Workshop) -> list[Size]:
    """Every function's package with its layers."""
    names = (RECEIVER, START_BUILD, AUDIT_WRITER, NOTIFY)
    artifacts = workshop.artifacts
    return [
        Size(name, artifacts.zipped(artifacts.function(name), workshop.scratch), PACKAGE_GOALS.get(name))
        for name in names
    ]


class _Scene:
    """The functions one after the other, each with what the one before it left."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._aws = workshop.aws
        self._tables: dict[str, dict[str, Item]] = {}
        self._build: dict[str, Any] = {}

    def play(self, subject: BenchmarkedFunction) -> None:
        """Have a function called once, and keep the tables and a build as they are then."""
        subject.prepare()
        with self._workshop.start(subject.program, event_bytes(subject)) as running:
            subject.check(running.first.answer.content)
        self._tables = copy.deepcopy(self._aws.tables.items)
        self._build = self._aws.builds[0]

    def receiver(self, payload: Mapping[str, Any], program: Program) -> BenchmarkedFunction:
        """The receiver, for a push that runs somewhere."""

        def check(answer: Any) -> None:
            _require(answer["statusCode"] == 202 and self._aws.sent, answer)

        return BenchmarkedFunction(program, partial(events.delivery, payload), self._aws.forget, check)

    def message(self, receiver: BenchmarkedFunction) -> dict[str, Any]:
        """What the receiver puts on the queue."""
        receiver.prepare()
        with self._workshop.start(receiver.program, event_bytes(receiver)) as running:
            receiver.check(running.first.answer.content)
        return events.queued(self._aws.sent)

    def large(self, title: str, calls: int, *, merge: bool) -> BenchmarkCase:
        """The receiver with 200 routes, beside a handler that checks and parses the body."""
        routes = events.many_routes((ROOT / "routes.yaml").read_text())
        event = events.delivery(events.large_push(merge=merge))
        program = self._workshop.ours(RECEIVER, routes)
        subject = self.receiver({}, program)
        ours = BenchmarkedFunction(program, lambda: event, subject.prepare, subject.check)
        return BenchmarkCase(title, ours, BenchmarkedFunction(self._workshop.bare("bare.read"), lambda: event), calls)

    def start_build(self, event: Any) -> BenchmarkedFunction:
        """start_build, on empty tables."""

        def check(answer: Any) -> None:
            _require(answer == {"batchItemFailures": []} and len(self._aws.builds) == TARGETS, answer)

        return BenchmarkedFunction(self._workshop.ours(START_BUILD), lambda: event, self._aws.forget, check)

    def audit_writer(self) -> BenchmarkedFunction:
        """audit_writer, told of a build that start_build started."""
        build = self._build

        def check(answer: Any) -> None:
            partitions = {item["pk"]["S"] for item in self._tables["AuditTable"].values()}
            written = [item["pk"]["S"] for item in self._aws.tables.items["AuditTable"].values()]
            # What is rejected lies in a partition of its own.
            _require(set(written) == partitions and len(written) > len(self._tables["AuditTable"]), answer)

        return BenchmarkedFunction(
            self._workshop.ours(AUDIT_WRITER), partial(events.build_began, build), self._restore, check
        )

    def notify(self) -> BenchmarkedFunction:
        """notify, shown what start_build wrote into the trail."""
        items = list(self._tables["AuditTable"].values())

        def check(answer: Any) -> None:
            _require(self._aws.posted, answer)

        return BenchmarkedFunction(self._workshop.ours(NOTIFY), partial(events.recorded, items), self._restore, check)

    def _restore(self) -> None:
        self._aws.forget()
        self._aws.tables.items = copy.deepcopy(self._tables)


def _require(holds: object, answer: Any) -> None:
    if not holds:
        raise WorkNotDone(f"the function answered {answer}")
