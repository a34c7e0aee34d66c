"""What is true of every history: sums equal the lists behind them, and the order of events does not matter."""

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.model import Mode
from pointsman.core.report.build import report_of
from pointsman.core.report.values import AuditReport, ResultTally, RolloutKind
from pointsman.core.run_request import Trigger
from pointsman.core.trail.event import Event
from tests.support.report_histories import DEV, MADE_AT, NOVEMBER, PROD, Rollout, record, report, rollout_id

ALL = 10_000
_HOURS = st.floats(0.1, 60, allow_nan=False)
_RUN_STATES = ("succeeded", "failed", "stopped", "timed_out", "refused", "superseded", "cancelled", "skipped")
_ENDS = ("succeeded", "failed", "superseded", "cancelled", "rolled_back")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Rollouts of any kind around November, at any stage."""
    events: list[Event] = []
    for number in range(1, draw(st.integers(0, 5)) + 1):
        trigger = draw(st.sampled_from([None, None, None, *Trigger]))
        mode = Mode.CHECK if trigger is Trigger.DRIFT else draw(st.sampled_from([Mode.APPLY, Mode.APPLY, Mode.CHECK]))
        bad = rollout_id(draw(st.integers(1, 7))) if trigger is Trigger.ROLLBACK else None
        rollout = Rollout(
            number,
            draw(st.integers(-1, 31)),
            draw(st.sampled_from(["hana", "omar", "pointsman.engine"])),
            route=draw(st.sampled_from(["site", "database"])),
            mode=mode,
            trigger=trigger,
            targets=(DEV, PROD),
            rolls_back=bad,
        )
        found: list[Event] = [rollout.pushed(), rollout.start, rollout.approved(), rollout.rolled_back(draw(_HOURS))]
        found += [
            rollout.run(target, draw(st.sampled_from(_RUN_STATES)), draw(_HOURS), attempt, draw(st.floats(0, 5_000)))
            for target in (DEV, PROD)
            for attempt in (1, 2)
        ]
        found += [
            rollout.host(name, draw(st.sampled_from(["ok", "changed", "failed"])), hours=draw(_HOURS)) for name in "ab"
        ]
        found += [rollout.end(draw(st.sampled_from(_ENDS)), draw(_HOURS), each) for each in (1, 2)]
        events += draw(st.lists(st.sampled_from(found), unique_by=lambda event: (event.type, event.key)))
    return events


def _total(tallies: tuple[ResultTally, ...]) -> int:
    return sum(each.total for each in tallies)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_sums_equal_the_lists_behind_them(events: list[Event]) -> None:
    found: AuditReport = report(events, rows=ALL, other_rows=ALL)
    changes = found.changes.rows
    assert found.changes.total == len(changes) == _total(found.periods) == _total(found.people)
    assert found.failures.rows == tuple(row for row in changes if row.failed)
    assert (
        sum(each.failed for each in found.people) == sum(each.failed for each in found.periods) == found.failures.total
    )
    assert found.hosts_changed == sum(row.hosts_changed for row in changes)
    assert found.minutes == sum(row.minutes for row in found.runs.rows) == sum(each.minutes for each in found.targets)
    assert found.runs.total == _total(found.targets)
    assert _total(found.regions) == sum(
        row.kind not in (RolloutKind.CHECK, RolloutKind.DRIFT) for row in found.runs.rows
    )
    times = [row.at for row in (*changes, *found.checks.rows)]
    times += [*(row.at for row in found.runs.rows), *(row.at for row in found.approvals.rows)]
    assert all(each in NOVEMBER for each in times)
    assert not {row.rollout for row in changes} & {row.rollout for row in found.checks.rows}


@settings(max_examples=40, deadline=None)
@given(histories())
def test_the_figures_of_dora_equal_the_lists_behind_them(events: list[Event]) -> None:
    found = report(events, rows=ALL, other_rows=ALL)
    dora = found.dora
    assert {row.rollout for row in dora.deployments.rows} <= {row.rollout for row in found.changes.rows}
    assert dora.failed.rows == tuple(row for row in dora.deployments.rows if row.failed)
    assert [row.failed for row in dora.restores.rows] == list(dora.failed.rows)
    assert dora.restore_time.number + dora.not_restored == dora.failed.total
    assert all(row.seconds > 0 for row in dora.restores.rows if row.seconds is not None)
    assert dora.lead_time.number == dora.lead_times.total
    if dora.deployments.total:
        assert dora.failure_rate == dora.failed.total / dora.deployments.total


@settings(max_examples=40, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(events: list[Event], chance: Random) -> None:
    shuffled = [*events, *events[: len(events) // 2]]  # some of them twice
    chance.shuffle(shuffled)
    assert report(shuffled) == report(events)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_limits_change_lists_but_no_figure(events: list[Event]) -> None:
    whole, short = report(events, rows=ALL, other_rows=ALL), report(events, rows=2, other_rows=1)
    assert short.changes.rows == whole.changes.rows[:2]
    for name in ("changes", "failures", "runs", "approvals", "checks", "unfinished"):
        assert getattr(short, name).total == getattr(whole, name).total
    assert (short.minutes, short.dora.lead_time, short.people) == (whole.minutes, whole.dora.lead_time, whole.people)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_months_add_up_to_the_time_that_they_make(events: list[Event]) -> None:
    middle = NOVEMBER.since + timedelta(days=13)
    halves = [
        report_of(map(record, events), type(NOVEMBER)(since, until), MADE_AT, rows=ALL, other_rows=ALL)
        for since, until in ((NOVEMBER.since, middle), (middle, NOVEMBER.until))
    ]
    whole = report(events, rows=ALL, other_rows=ALL)
    assert whole.minutes == sum(each.minutes for each in halves)
    assert whole.runs.total == sum(each.runs.total for each in halves)
    assert whole.approvals.total == sum(each.approvals.total for each in halves)
    ended = [{row.rollout for row in each.changes.rows} for each in halves]
    assert {row.rollout for row in whole.changes.rows} == ended[0] | ended[1]
