"""A running summary shows what all events of the trail show, whatever is delivered twice, interrupted or forgotten."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.rollout_facts import WaitKind
from pointsman.core.slack.rollout_summary import FORM
from pointsman.core.slack.rollout_view import HostsByStatus
from pointsman.core.slack.summaries import MAX_CONFLICTS
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import Unavailable
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
from tests.support.summaries_world import SummariesWorld
from tests.support.wave_events import (
    approved,
    gate,
    halted,
    held,
    rejected,
    resumed,
    rolled_back,
    rollout_waited,
    wave_started,
)

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
    events[1:-1] = draw(interleaved(first, draw(wave_histories(names))))
    if draw(st.booleans()):
        events.append(cancelled(75, "wrong branch"))
    if draw(st.booleans()):
        events.append(rolled_back(76, *names))
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


@st.composite
def wave_histories(draw: st.DrawFn, names: Sequence[str]) -> list[TrailEvent]:
    """The events of up to two waves, of what the rollout waits for, and of decisions."""
    size = draw(st.integers(0, len(names)))
    kind = draw(st.sampled_from(WaitKind))
    decisions: list[TrailEvent] = [approved(45), rejected(45)]
    possible: list[TrailEvent] = [
        rollout_waited(kind, 2),
        wave_started(1, *names[:size], at=3),
        gate(1, "soak", 30),
        held(31),
        rollout_waited("hold", 32),
        resumed(33, overrides_freeze=draw(st.booleans())),
        gate(1, at=40, number=2),
        draw(st.sampled_from(decisions)),
        gate(1, None, 46, number=3),
        wave_started(2, *names[size:], at=46),
        halted("rejected", 60, not_started=tuple(names[size:])),
    ]
    return [event for event in possible if draw(st.booleans())]


JOINS = st.sampled_from([True, False])
OUTCOMES = st.sampled_from(["succeeded", "failed", "cancelled", "superseded"])


def unique(events: Iterable[TrailEvent]) -> list[TrailEvent]:
    """The events that the trail takes: the first of each key."""
    return list({event.key: event for event in reversed(list(events))}.values())[::-1]


@given(histories(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_running_summary_shows_what_the_whole_trail_shows(history: list[TrailEvent], data: st.DataObject) -> None:
    """Batches come again, writes fail before and after they are done, and the summary is lost now and then."""
    world, position, batches = SummariesWorld(), 0, list[list[TrailEvent]]()
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
    world = SummariesWorld()
    world.happen(started_rollout(DEV, PROD), started_run(DEV), started_run(PROD), host(DEV), ended_run(DEV))
    assert world.store.writes == 1
    world.check()


def test_a_crash_between_the_summary_and_slack_counts_nothing_twice() -> None:
    world = SummariesWorld()
    batch = (started_rollout(DEV), started_run(DEV), host(DEV), host(DEV, "web-2", status="failed"))
    world.happen(*batch)
    before = world.view
    world.deliver(batch)
    assert world.view == before
    assert before
    assert before.hosts == HostsByStatus(changed=1, failed=1)


def test_without_a_start_there_is_nothing_to_show() -> None:
    world = SummariesWorld()
    world.happen(started_run(DEV))
    assert world.view is None
    assert world.store.writes == 0
    world.happen(started_rollout(DEV))
    assert world.view


def test_a_summary_that_is_missing_is_made_from_the_trail_in_pages() -> None:
    world = SummariesWorld()
    hosts = [host(DEV, f"web-{number}") for number in range(10)]
    world.record(started_rollout(DEV), started_run(DEV), *hosts)
    world.check()
    assert world.store.writes >= 4


def test_an_interrupted_reading_of_the_trail_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SummariesWorld()
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
    world = SummariesWorld()
    world.happen(started_rollout(DEV), started_run(DEV))
    stored = world.store.load_summary(ROLLOUT)
    assert stored
    stored.form = FORM + 1
    stored.counts = {"failed": 99}
    world.store.save_summary(stored)
    world.check()


def test_an_event_that_cannot_be_added_costs_the_summary_and_not_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SummariesWorld()
    world.happen(started_rollout(DEV), started_run(DEV))
    with monkeypatch.context() as patched:
        patched.setattr("pointsman.core.slack.summaries.add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.happen(ended_run(DEV))
    assert world.store.load_summary(ROLLOUT) is None
    world.check()


def test_a_writer_that_always_loses_gives_up() -> None:
    world = SummariesWorld()
    world.record(started_rollout(DEV))
    world.store.faults = ["conflict"] * MAX_CONFLICTS
    with pytest.raises(Unavailable, match="conflicted"):
        world.summaries.add(ROLLOUT, [started_rollout(DEV)])
