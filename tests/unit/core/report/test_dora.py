"""The four figures of DORA at their edges: months, time zones, retries, rollbacks, what is never restored."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from pointsman.core.decision import Decision, Outcome
from pointsman.core.identity import ENGINE
from pointsman.core.report.build import report_of
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport, Dora, RolloutKind
from pointsman.core.run_request import Trigger
from pointsman.core.trail.event import Event
from tests.support.report_histories import DEV, KOFI, MADE_AT, NOVEMBER, PROD, Rollout, report, rollout_id
from tests.support.report_month import records_of

OCTOBER = TimeSpan.of_month("2026-10", UTC)
HOUR = 3600


def read(*events: Event | Iterable[Event], span: TimeSpan = NOVEMBER) -> AuditReport:
    """The report of these events, read through the index as a command does."""
    flat = [one for each in events for one in ([each] if isinstance(each, Event) else each)]
    return report_of(records_of(flat, span), span, MADE_AT)


def restores(dora: Dora) -> list[tuple[str, str | None, float | None]]:
    """What failed, what restored it, after how many hours."""
    return [
        (
            row.failed.rollout,
            row.restored_by.rollout if row.restored_by else None,
            row.seconds / HOUR if row.seconds else None,
        )
        for row in dora.restores.rows
    ]


def rollback_of(bad: int, number: int, day: int) -> Rollout:
    return Rollout(number, day, KOFI, trigger=Trigger.ROLLBACK, rolls_back=rollout_id(bad), is_subset=True)


def failed_then_retried(push: Rollout, hours: float) -> list[Event]:
    """It fails after an hour, and succeeds by a retry."""
    first = [push.pushed(), push.start, push.run(state="failed"), push.end("failed")]
    return [*first, push.retried(), push.run(attempt=2, hours=hours - 0.5), push.end(hours=hours, number=2)]


def test_a_month_without_a_push_has_no_rates() -> None:
    back = Rollout(1, 3, "aws.ec2", trigger=Trigger.INSTANCE, instances=("i-1",))
    dora = read(back.whole("failed")).dora
    assert (dora.deployments.total, dora.deployments_a_day, dora.failure_rate) == (0, 0, None)
    assert (dora.lead_time.median, dora.restore_time.median, dora.not_restored) == (None, None, 0)


def test_a_later_commit_restores_across_the_end_of_a_month() -> None:
    events = [*Rollout(1, 0).whole("failed"), *Rollout(2, 2).whole()]  # 31 October, 2 November
    october, november = read(events, span=OCTOBER).dora, read(events).dora
    assert (october.failure_rate, october.not_restored, october.restore_time.number) == (1.0, 1, 0)
    assert (november.failure_rate, november.not_restored, november.failed.total) == (0.0, 0, 0)
    assert restores(november) == [(rollout_id(1), rollout_id(2), 48)]


def test_a_retry_restores_across_the_end_of_a_month() -> None:
    events = failed_then_retried(Rollout(1, 0), hours=26)
    october, november = read(events, span=OCTOBER).dora, read(events).dora
    assert (october.failed.total, october.not_restored) == (1, 1)
    assert (november.failed.total, november.deployments.total) == (0, 1)
    assert restores(november) == [(rollout_id(1), rollout_id(1), 25)]
    assert november.lead_time.median == pytest.approx(26.1 * HOUR)  # from the push


@pytest.mark.parametrize("state", ["cancelled", "superseded"])
def test_a_failure_of_last_month_that_is_retried_and_given_up_waits_for_what_restores_it(state: str) -> None:
    push = Rollout(1, 0)
    first = [push.pushed(), push.start, push.run(state="failed"), push.end("failed"), push.retried(hours=20)]
    given_up = [*first, push.run(state=state, attempt=2, hours=21), push.end(state, hours=22, number=2)]
    assert (read(given_up, span=OCTOBER).dora.not_restored, read(given_up).dora.not_restored) == (1, 1)
    later = read([*given_up, *Rollout(2, 2).whole()]).dora
    assert restores(later) == [(rollout_id(1), rollout_id(2), 48)]
    assert (later.deployments.total, later.failed.total, later.not_restored) == (1, 0, 0)


def test_a_rollback_restores_across_the_end_of_a_month() -> None:
    bad = Rollout(1, 0)
    events = [*bad.whole("failed"), bad.rolled_back(hours=3), *rollback_of(1, 7, 0).whole(hours=13)]
    assert read(events, span=OCTOBER).dora.not_restored == 1
    assert restores(read(events).dora) == [(rollout_id(1), rollout_id(7), 12)]


def test_what_is_rolled_back_in_a_later_month_is_a_restore_there_and_in_no_rate() -> None:
    bad = Rollout(1, 0)
    events = [*bad.whole(), bad.rolled_back(hours=24), *rollback_of(1, 7, 1).whole(hours=3)]
    october, november = read(events, span=OCTOBER).dora, read(events).dora
    assert (october.failure_rate, october.restores.total) == (0.0, 0)
    assert (november.failure_rate, november.deployments.total) == (None, 0)
    assert restores(november) == [(rollout_id(1), rollout_id(7), 3)]


def test_what_was_restored_before_the_month_is_not_in_it() -> None:
    rolled_back, good = Rollout(3, -9), Rollout(4, 5)
    events = [
        *Rollout(1, -12).whole("failed"),
        *Rollout(2, -11).whole(),
        *rolled_back.whole("failed"),
        rolled_back.rolled_back(hours=3),
        *rollback_of(3, 7, -9).whole(hours=5),
        *good.whole(),
    ]
    assert read(events).dora.restores.total == 0
    assert len(restores(read(events, span=OCTOBER).dora)) == 2


def test_what_is_never_restored_is_said_for_a_month_after_it() -> None:
    events = Rollout(1, -1).whole("failed")  # 30 October
    assert restores(read(events).dora) == [(rollout_id(1), None, None)]
    december = read(events, span=TimeSpan.of_month("2026-12", UTC)).dora
    assert december.restores.total == 0


def test_another_route_or_a_part_of_the_route_restores_nothing_from_before() -> None:
    part = Rollout(3, 3, KOFI, trigger=Trigger.PERSON, is_limited=True)
    events = [*Rollout(1, 0).whole("failed"), *Rollout(2, 2, route="database").whole(), *part.whole()]
    earlier = Rollout(4, 0, KOFI, trigger=Trigger.PERSON, is_limited=True).whole(hours=5)
    assert restores(read(events, earlier).dora) == [(rollout_id(1), None, None)]


@pytest.mark.parametrize("day", [3, -4])
def test_a_success_that_is_rolled_back_restores_nothing_and_nor_does_its_rollback(day: int) -> None:
    """A rollback goes back to what was there before, which was the failure."""
    bad, worse = Rollout(1, day), Rollout(2, day + 1)
    events = [*bad.whole("failed"), *worse.whole(), worse.rolled_back(), *rollback_of(2, 7, day + 1).whole(hours=3)]
    found = restores(read(events, Rollout(3, 9).whole()).dora)
    [restored] = [each for each in found if each[0] == rollout_id(1)]
    assert restored[1] == rollout_id(3)


def test_a_check_that_failed_before_is_no_deployment() -> None:
    drift = Rollout(1, 0, "pointsman.drift", trigger=Trigger.INSTANCE, instances=("i-1",))
    assert read(drift.whole("failed"), Rollout(2, 2).whole()).dora.restores.total == 0


def test_a_rollback_that_is_not_done_restores_nothing_yet() -> None:
    bad, done, open_yet = Rollout(1, 3), rollback_of(1, 7, 3), rollback_of(1, 8, 3)
    found = report(bad.whole("failed"), bad.rolled_back(), done.whole(hours=4), open_yet.pushed(), open_yet.start)
    assert restores(found.dora) == [(rollout_id(1), None, None)]
    assert found.unfinished.total == 1


def test_a_failure_that_is_retried_and_then_given_up_is_a_failed_deployment() -> None:
    for state in ("cancelled", "superseded"):
        push = Rollout(1, 3)
        events = [push.pushed(), push.start, push.run(state="failed"), push.end("failed"), push.retried()]
        dora = report(events, push.run(state=state, attempt=2, hours=3), push.end(state, hours=4, number=2)).dora
        assert (dora.deployments.total, dora.failure_rate, dora.not_restored) == (1, 1.0, 1)


def test_a_rollout_that_is_open_at_the_end_is_no_deployment_yet_though_a_run_failed() -> None:
    push = Rollout(1, 30, targets=(DEV, PROD))
    events = [push.pushed(), push.start, push.run(state="failed"), push.end("failed", hours=24)]
    november = read(events).dora
    assert (november.deployments.total, november.restores.total) == (0, 0)
    december = read(events, span=TimeSpan.of_month("2026-12", UTC)).dora
    assert (december.deployments.total, december.failure_rate, december.not_restored) == (1, 1.0, 1)


def test_the_rollback_of_a_route_is_a_failure_and_its_repair_but_no_override() -> None:
    bad, person = Rollout(1, 3), Rollout(2, 9)
    automatic = bad.rolled_back(hours=0.9, by=ENGINE, overrides_freeze=True)
    found = report(
        [*bad.whole("failed")[:-1], automatic, bad.end("rolled_back")],
        rollback_of(1, 7, 3).whole(hours=2.9),
        person.whole(),
        person.rolled_back(by=KOFI, overrides_freeze=True),
    )
    assert [row.person for row in found.overrides.rows] == ["Ops/kofi"]
    assert [row.person for row in found.rollbacks.rows] == ["Ops/kofi", ENGINE]
    assert (found.dora.failure_rate, found.dora.failed.total) == (1.0, 2)
    assert restores(found.dora) == [(rollout_id(2), None, None), (rollout_id(1), rollout_id(7), pytest.approx(2))]
    assert {row.kind for row in found.dora.deployments.rows} == {RolloutKind.PUSH}


def test_lead_time_begins_with_a_delivery_of_the_month_before() -> None:
    push = Rollout(1, 1)  # it starts on 1 November at noon
    events = [push.pushed(hours=-13), push.start, push.run(), push.end()]
    november = read(events)
    assert november.dora.lead_time.median == 14 * HOUR
    assert november.deliveries.total == 0


def test_lead_time_of_a_push_to_more_routes_than_an_entry_names() -> None:
    push = Rollout(1, 3)
    others = [
        Decision(route=f"r{n}", outcome=Outcome.MATCHED, runs=True, reason="", rollout=rollout_id(100 + n))
        for n in range(30)
    ]
    delivery = push.pushed(hours=-2)
    delivery = delivery.replace(decisions=(*others, *delivery.decisions))
    assert read(delivery, push.start, push.run(), push.end()).dora.lead_time.median == 3 * HOUR


def test_a_redelivered_push_has_the_lead_time_of_its_first_delivery() -> None:
    push = Rollout(1, 3)
    again = push.pushed(hours=-0.1).replace(reason="again", decisions=())
    assert read(push.pushed(hours=-4), again, push.start, push.run(), push.end()).dora.lead_time.median == 5 * HOUR


def test_a_deployment_counts_on_the_day_and_in_the_month_of_the_zone() -> None:
    berlin, angeles = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles")
    events = Rollout(1, 30).whole(hours=11.5)  # ends on 30 November at 23:30 UTC
    assert read(events, span=TimeSpan.of_month("2026-11", angeles)).dora.deployments.total == 1
    assert read(events, span=TimeSpan.of_month("2026-11", berlin)).dora.deployments.total == 0
    december = read(events, span=TimeSpan.of_month("2026-12", berlin))
    assert (december.dora.deployments.total, december.dora.days_with_deployments) == (1, 1)
    assert next(each.first for each in december.periods if each.total) == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("month", "zone", "days", "hours"),
    [
        ("2026-10", "Europe/Berlin", 31, 31 * 24 + 1),
        ("2026-03", "Europe/Berlin", 31, 31 * 24 - 1),
        ("2026-11", "America/New_York", 30, 30 * 24 + 1),
        ("2026-02", "Asia/Tokyo", 28, 28 * 24),
    ],
)
def test_a_month_has_its_days_though_clocks_change(month: str, zone: str, days: int, hours: int) -> None:
    span = TimeSpan.of_month(month, ZoneInfo(zone))
    assert len(list(span.days(datetime(2027, 1, 1, tzinfo=UTC)))) == days
    assert (span.until - span.since).total_seconds() == hours * HOUR
