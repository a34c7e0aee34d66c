"""A running summary shows what all events of the trail show, whatever is delivered twice, interrupted or forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.adapters.slack_summaries_memory import MemorySummaries
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.fold_rollout import fold
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_summary import FORM, MAX_NAMED, RolloutSummary
from pointsman.core.slack.rollout_view import URGENCY, HostsByStatus, RolloutView
from pointsman.core.slack.summaries import MAX_CONFLICTS, RolloutSummaries, TargetChange
from pointsman.core.trail.events import RolloutStarted, TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.errors import Conflict, Unavailable
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    arn,
    cancelled,
    delayed,
    ended_rollout,
    ended_run,
    host,
    playbook_ended,
    repeated,
    reported,
    retried,
    started_rollout,
    started_run,
    task,
    waited,
)


class FaultyStore(MemorySummaries):
    """Fails before or after the next writes, as told."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.writes = 0

    def save_summary(self, summary: RolloutSummary, changes: Sequence[TargetChange] = ()) -> None:
        """See SummaryStore.save_summary."""
        self.writes += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "conflict":
            raise Conflict("another writer was first")
        if fault == "before":
            raise Unavailable("not written")
        super().save_summary(summary, changes)
        if fault == "after":
            raise Unavailable("written, but the answer was lost")


class World:
    """A trail, its stream, and the summaries."""

    def __init__(self) -> None:
        self.trail, self.store = MemoryTrail(), FaultyStore()
        self.trail.page_size = 3
        self.summaries = RolloutSummaries(self.trail, self.store)

    def record(self, *events: TrailEvent) -> None:
        """Record events, without the stream."""
        for event in events:
            self.trail.record(event)

    def happen(self, *events: TrailEvent) -> None:
        """Record events, and deliver them in one batch."""
        self.record(*events)
        self.deliver(events)

    def deliver(self, events: Sequence[TrailEvent]) -> None:
        """Deliver a batch until it is taken, as the stream does."""
        while True:
            try:
                self.summaries.add(ROLLOUT, events)
            except Unavailable:
                continue
            return

    @property
    def view(self) -> RolloutView | None:
        """What is shown."""
        return self.summaries.view(ROLLOUT)

    @property
    def folded(self) -> RolloutView | None:
        """What the whole trail says."""
        return fold(self.trail.of_partition(rollout_partition(ROLLOUT)))

    def check(self) -> None:
        """Compare both."""
        view, folded = self.view, self.folded
        assert (view and replace(view, named=())) == folded
        if view and folded:
            assert render(view) == render(folded)


NAMES = (DEV, PROD, "dev/us-east-1", "prod/us-east-1")
JOINED = "dev/ca-central-1"


@st.composite
def attempts(draw: st.DrawFn, name: str, attempt: int, begins: float) -> list[TrailEvent]:
    """The events of one run, in the order in which they may be recorded."""
    at = begins
    events: list[TrailEvent] = []
    if draw(st.booleans()):
        events.append(waited(name, at, attempt=attempt))
    if draw(st.booleans()):
        events.append(delayed(name, at + 0.5, attempt=attempt))
    if draw(st.integers(0, 4)) == 0:
        return [*events, ended_run(name, "refused", at + 1, attempt, "AccessDenied", built=False)]
    engine: list[TrailEvent] = [
        started_run(name, at + 1, attempt),
        ended_run(name, draw(ENDS), at + 40, attempt, "exit status 2"),
    ]
    build: list[TrailEvent] = [
        reported(name, at=at + 2).replace(attempt=attempt, build_arn=arn(name, attempt)),
        *draw(st.lists(results(name, attempt), max_size=6)),
        playbook_ended(name, at=at + 30, attempt=attempt, build_arn=arn(name, attempt), results_missing=["web-9"]),
    ]
    outside = draw(st.lists(results(name, attempt, started_by="omar"), max_size=2))
    return draw(interleaved([*events, *engine], draw(st.permutations([*build, *outside]))))


ENDS = st.sampled_from(["succeeded", "failed", "stopped", "timed_out", "faulted"])


@st.composite
def results(draw: st.DrawFn, name: str, attempt: int, started_by: str | None = None) -> TrailEvent:
    """A part of a host's result."""
    status = draw(st.sampled_from(["ok", "changed", "failed", "unreachable", "newer"]))
    failed = task(name="Check", status="failed", message=draw(st.sampled_from(["503", "x" * 3_000])))
    return host(
        name,
        draw(st.sampled_from(["web-1", "web-2", "db-1"])),
        status=status,
        part=draw(st.integers(1, 3)),
        tasks=draw(st.sampled_from([[], [failed], [failed, task()]])),
        attempt=attempt,
        build_arn=arn(name, 90 if started_by else attempt),
        started_by=started_by,
    )


@st.composite
def interleaved(draw: st.DrawFn, *lists: Sequence[TrailEvent]) -> list[TrailEvent]:
    """The events of several lists, each in its order."""
    left = [list(each) for each in lists if each]
    merged: list[TrailEvent] = []
    while left:
        chosen = draw(st.sampled_from(range(len(left))))
        merged.append(left[chosen].pop(0))
        left = [each for each in left if each]
    return merged


@st.composite
def histories(draw: Any) -> list[TrailEvent]:
    """The partition of a rollout, in the order of its stream."""
    names = NAMES[: draw(st.integers(1, 4))]
    first = draw(interleaved(*[draw(attempts(name, 1, 1)) for name in names]))
    events: list[TrailEvent] = [started_rollout(*names), *first, ended_rollout(draw(OUTCOMES), 70)]
    if draw(st.booleans()):
        events.append(cancelled(75, "wrong branch"))
    again: list[str] = draw(st.lists(st.sampled_from(names), unique=True))
    joins = bool(draw(JOINS))
    asked = [*again, *([JOINED] if joins else [])]
    repeats: list[TrailEvent] = [repeated(80, *asked), retried(80, *asked)]
    events.append(draw(st.sampled_from(repeats)))
    second = [draw(attempts(name, 2, 81)) for name in again] + ([draw(attempts(JOINED, 1, 81))] if joins else [])
    events += draw(interleaved(*second))
    if asked and draw(st.booleans()):
        events.append(ended_rollout(draw(OUTCOMES), 150, 2))
    if draw(st.booleans()):
        events.append(repeated(160))
    return unique(events)


JOINS = st.sampled_from([True, False])
OUTCOMES = st.sampled_from(["succeeded", "failed", "cancelled", "superseded"])


def unique(events: Iterable[TrailEvent]) -> list[TrailEvent]:
    """The events that the trail takes: the first of each key."""
    return list({event.key: event for event in reversed(list(events))}.values())[::-1]


@given(histories(), st.data())
@settings(max_examples=120, deadline=None)
def test_a_running_summary_shows_what_the_whole_trail_shows(history: list[TrailEvent], data: st.DataObject) -> None:
    """Batches come again, writes fail before and after they are done, and the summary is lost now and then."""
    world, position, batches = World(), 0, list[list[TrailEvent]]()
    while position < len(history):
        size = data.draw(st.integers(1, 8))
        batches.append(history[position : position + size])
        position += size
    for number, batch in enumerate(batches):
        world.record(*batch)
        world.store.faults = data.draw(st.lists(st.sampled_from(["", "before", "after", "conflict"]), max_size=3))
        again = data.draw(st.integers(0, 2)) if number else 0
        for each in (*batches[number - again : number], batch):
            world.deliver(each)
        world.store.faults = []
        if data.draw(st.integers(0, 5)) == 0:
            world.store.drop_summary(ROLLOUT)
        world.check()


def test_events_of_the_same_batch_are_one_write() -> None:
    world = World()
    world.happen(started_rollout(DEV, PROD), started_run(DEV), started_run(PROD), host(DEV), ended_run(DEV))
    assert world.store.writes == 1
    world.check()


def test_a_crash_between_the_summary_and_slack_counts_nothing_twice() -> None:
    world = World()
    batch = (started_rollout(DEV), started_run(DEV), host(DEV), host(DEV, "web-2", status="failed"))
    world.happen(*batch)
    before = world.view
    world.deliver(batch)
    assert world.view == before
    assert before
    assert before.hosts == HostsByStatus(changed=1, failed=1)


def test_without_a_start_there_is_nothing_to_show() -> None:
    world = World()
    world.happen(started_run(DEV))
    assert world.view is None
    assert world.store.writes == 0
    world.happen(started_rollout(DEV))
    assert world.view


def test_a_summary_that_is_missing_is_made_from_the_trail_in_pages() -> None:
    world = World()
    hosts = [host(DEV, f"web-{number}") for number in range(10)]
    world.record(started_rollout(DEV), started_run(DEV), *hosts)
    world.check()
    assert world.store.writes >= 4


def test_an_interrupted_reading_of_the_trail_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.record(started_rollout(DEV), started_run(DEV), *[host(DEV, f"web-{number}") for number in range(10)])
    world.store.faults = ["", "", "", "before"]
    with pytest.raises(Unavailable):
        _ = world.view
    half = world.store.load_summary(ROLLOUT)
    assert half
    assert half.cursor
    read: list[str] = []
    page = world.trail.page

    def noted(partition: str, after: str) -> tuple[list[TrailEvent], str | None]:
        read.append(after)
        return page(partition, after)

    monkeypatch.setattr(world.trail, "page", noted)
    world.check()
    assert read[0] == half.cursor


def test_a_summary_of_another_form_is_made_anew() -> None:
    world = World()
    world.happen(started_rollout(DEV), started_run(DEV))
    stored = world.store.load_summary(ROLLOUT)
    assert stored
    stored.form = FORM + 1
    stored.counts = {"failed": 99}
    world.store.save_summary(stored)
    world.check()


def test_an_event_that_cannot_be_added_costs_the_summary_and_not_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.happen(started_rollout(DEV), started_run(DEV))
    with monkeypatch.context() as patched:
        patched.setattr("pointsman.core.slack.summaries.add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.happen(ended_run(DEV))
    assert world.store.load_summary(ROLLOUT) is None
    world.check()


def test_a_writer_that_always_loses_gives_up() -> None:
    world = World()
    world.record(started_rollout(DEV))
    world.store.faults = ["conflict"] * MAX_CONFLICTS
    with pytest.raises(Unavailable, match="conflicted"):
        world.summaries.add(ROLLOUT, [started_rollout(DEV)])


# --- many targets ---------------------------------------------------------------------------------------------------

MANY = tuple(f"{account}/eu-west-{number}" for account in ("dev", "prod") for number in range(150))


def many() -> World:
    world = World()
    world.trail.page_size = 100
    world.happen(started_rollout(*MANY))
    return world


def counts(view: RolloutView | None) -> dict[RunState, int]:
    assert view
    return dict(view.by_state)


def test_every_state_has_a_place() -> None:
    assert sorted(URGENCY) == sorted(RunState)
    assert all(state.failed for state in URGENCY[:5])
    assert not any(state.failed for state in URGENCY[5:])


def scope(view: RolloutView | None) -> str:
    assert view
    return view.scope


def test_of_many_targets_all_are_counted_and_the_most_urgent_listed() -> None:
    world = many()
    assert counts(world.view) == {RunState.STARTING: 300}
    world.happen(*(started_run(name) for name in MANY[100:]))
    for name in MANY[150:]:
        world.happen(host(name, status="failed" if name == MANY[250] else "ok"))
        world.happen(ended_run(name, "failed" if name == MANY[250] else "succeeded"))
    view = world.view
    assert view
    assert counts(view) == counts(world.folded)
    assert counts(view) == {RunState.STARTING: 100, RunState.RUNNING: 50, RunState.SUCCEEDED: 149, RunState.FAILED: 1}
    assert view.hosts == HostsByStatus(ok=149, failed=1)
    assert view.targets[0].name == MANY[250]
    assert len(view.targets) <= MAX_NAMED
    assert "300 targets: 1 failed, 50 running, 100 starting, 149 succeeded" in str(render(view).blocks)
    assert f"`{MANY[250]}` failed" in str(render(view).blocks)


def test_a_target_that_joins_a_large_rollout_is_told_from_those_that_it_began_with() -> None:
    """Of a large rollout the summary does not have every name."""
    world = many()
    world.happen(*(ended_run(name) for name in MANY[:200]), ended_rollout("failed"))
    world.happen(retried(80, MANY[150], MANY[250], JOINED))
    assert counts(world.view) == counts(world.folded) == {RunState.SUCCEEDED: 199, RunState.STARTING: 102}
    world.store.drop_summary(ROLLOUT)
    assert counts(world.view) == counts(world.folded)


def test_more_targets_are_retried_than_one_write_takes() -> None:
    world = many()
    world.happen(*(ended_run(name, "failed") for name in MANY), ended_rollout("failed"))
    failed = world.view
    assert failed
    assert failed.state is RolloutState.FAILED
    world.store.faults = ["", "", "before", "", "after"]
    world.happen(retried(80, *MANY))
    assert counts(world.view) == {RunState.STARTING: 300}
    reopened = world.view
    assert reopened
    assert reopened.state is RolloutState.OPEN


def test_rollouts_to_the_same_targets_have_the_same_scope() -> None:
    world, other = many(), World()
    other.happen(started_rollout(*MANY[:-1]))
    assert scope(world.view) != scope(other.view)
    other.happen(repeated(80, MANY[-1]))
    assert scope(other.view) == scope(world.view) == scope(world.folded)


def test_the_start_of_the_rollout_is_read_from_the_trail_only_when_somebody_joins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = many()
    asked: list[str] = []
    with_key = world.trail.with_key

    def noted(partition: str, beginning: str) -> list[TrailEvent]:
        asked.append(beginning)
        return with_key(partition, beginning)

    monkeypatch.setattr(world.trail, "with_key", noted)
    world.happen(*(ended_run(name, "failed") for name in MANY))
    world.happen(retried(80, *MANY))
    assert asked == []
    world.happen(repeated(90, JOINED))
    assert asked == [RolloutStarted.__name__]
