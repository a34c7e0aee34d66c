"""An event that is too large for one item is shortened, the same way each time, and never loses who and what."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.decision import Decision, Outcome
from pointsman.core.model import RolloutId, TargetName
from pointsman.core.text import CUT, cut
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, read_event
from pointsman.core.trail.shrink_to_fit import EVENT_BYTES, shrink_to_fit
from tests.support.events import DEV, host, started_run
from tests.support.rollouts import MORNING, change


def size(event: Event) -> int:
    return len(event.to_json().encode())


def a_task(number: int, text: str, status: str = "changed") -> dict[str, Any]:
    return {
        "name": f"task {number}",
        "path": "p:1",
        "action": "a",
        "status": status,
        "message": text,
        "diff": text,
        "duration_seconds": 1.0,
    }


def a_delivery(files: int, targets: int) -> DeliveryDecided:
    names = tuple(TargetName(f"dev/region-{number:05d}") for number in range(targets))
    decision = Decision(route="site", outcome=Outcome.MATCHED, runs=True, reason="it matches", targets=names)
    return DeliveryDecided(
        at=MORNING,
        delivery="d-1",
        reason="1 of 1 routes runs",
        change=change().replace(files=tuple(f"file-{number}" for number in range(files))),
        decisions=(decision,),
    )


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 60), st.integers(0, 400), st.integers(2_000, 30_000))
def test_every_host_result_fits(tasks: int, length: int, limit: int) -> None:
    event = host(DEV, tasks=[a_task(number, "ü" * length) for number in range(tasks)])
    short = shrink_to_fit(event, limit)
    assert isinstance(short, HostResultRecorded)
    assert size(short) <= limit
    assert len(short.tasks) + short.tasks_omitted == tasks
    assert short.shortened == (short != event)
    assert (short.host, short.counts, short.status) == (event.host, event.counts, event.status)
    assert short == shrink_to_fit(event, limit)
    assert read_event(short.to_dict()) == short


def test_what_fits_is_left_as_it_is() -> None:
    event = host(DEV, tasks=[a_task(1, "text")])
    assert shrink_to_fit(event) is event


def test_tasks_that_are_all_the_same_are_given_up_too() -> None:
    short = shrink_to_fit(host(DEV, tasks=[a_task(1, "same")] * 64), limit=2_000)
    assert isinstance(short, HostResultRecorded)
    assert size(short) <= 2_000


def test_the_task_that_failed_is_kept_longest() -> None:
    tasks = [a_task(number, "x" * 90) for number in range(40)] + [a_task(99, "the reason", "failed")]
    short = shrink_to_fit(host(DEV, tasks=tasks), limit=3_000)
    assert isinstance(short, HostResultRecorded)
    assert short.tasks[-1].message == "the reason"
    assert short.tasks_omitted > 0


@pytest.mark.parametrize(("files", "targets"), [(40_000, 10), (40_000, 40_000)])
def test_a_delivery_keeps_its_decisions_and_gives_up_names(files: int, targets: int) -> None:
    short = shrink_to_fit(a_delivery(files, targets))
    assert isinstance(short, DeliveryDecided)
    assert size(short) <= EVENT_BYTES
    assert short.change.files == ()
    assert short.decisions[0].reason == "it matches"
    assert len(short.decisions[0].targets) == (10 if targets == 10 else 0)
    assert short.shortened


def many_routes(routes: int, targets: int, reason: str, running: int | None = None) -> DeliveryDecided:
    names = tuple(TargetName(f"dev/region-{number:05d}") for number in range(targets))
    decisions = tuple(
        Decision(
            route=f"route-{number:05d}",
            outcome=Outcome.MATCHED if runs else Outcome.IGNORED,
            runs=runs,
            reason=reason,
            targets=names if runs else (),
            rollout=RolloutId(f"r-{number:016x}") if runs else None,
        )
        for number in range(routes)
        for runs in [running is None or number >= routes - running]
    )
    return a_delivery(0, 0).replace(decisions=decisions)


@pytest.mark.parametrize("reason", ["branch main matches", "ümläut " * 100, "\U0001f600" * 800])
def test_a_thousand_routes_to_a_thousand_targets_each_keep_every_decision(reason: str) -> None:
    event = many_routes(1_000, 1_000, reason)
    short = shrink_to_fit(event)
    assert isinstance(short, DeliveryDecided)
    assert size(short) <= EVENT_BYTES
    assert short.shortened
    assert short.decisions_omitted == 0
    assert [each.route for each in short.decisions] == [each.route for each in event.decisions]
    assert [each.rollout for each in short.decisions] == [each.rollout for each in event.decisions]
    assert all(each.reason and reason.startswith(each.reason.removesuffix(CUT)) for each in short.decisions)
    assert read_event(short.to_dict()) == short


def test_decisions_that_are_too_many_are_counted_and_those_that_run_stay() -> None:
    event = many_routes(20_000, 0, "no changed file matches docs/**", running=50)
    short = shrink_to_fit(event)
    assert isinstance(short, DeliveryDecided)
    assert size(short) <= EVENT_BYTES
    assert short.shortened
    assert len(short.decisions) + short.decisions_omitted == 20_000
    assert sum(each.runs for each in short.decisions) == 50


@settings(deadline=None, max_examples=50)  # the machine may be busy
@given(st.integers(0, 40), st.integers(0, 30), st.text(max_size=600), st.integers(3_000, 30_000))
def test_every_delivery_fits_and_shows_whether_it_was_shortened(
    routes: int, targets: int, reason: str, limit: int
) -> None:
    event = many_routes(routes, targets, reason)
    short = shrink_to_fit(event, limit)
    assert isinstance(short, DeliveryDecided)
    assert size(short) <= limit
    assert short.shortened == (short != event)
    assert len(short.decisions) + short.decisions_omitted == routes
    assert short.key == shrink_to_fit(event, limit).key
    assert (short.change.after, short.actor, short.reason) == (event.change.after, event.actor, event.reason)


def test_an_event_that_can_not_be_large_is_never_touched() -> None:
    event = started_run(DEV)
    assert shrink_to_fit(event, limit=10) is event


@settings(deadline=None)  # the machine may be busy
@given(st.text(), st.integers(0, 50))
def test_a_cut_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert cut(text, len(text)) == text
