"""Reports of small histories: what counts, where, and what does not."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from pointsman.core.index.entries import entry_of
from pointsman.core.index.missing_results import NOT_REPORTED
from pointsman.core.model import Mode
from pointsman.core.report.build import report_of
from pointsman.core.report.records import TrailRecord
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import BarUnit, Result, RolloutKind
from pointsman.core.run_request import Trigger
from pointsman.core.trail.command_events import FreezeStarted, RolloutRequested, RolloutRetried
from pointsman.core.trail.drift_events import DriftDetected, DriftingTask, DriftResolved
from pointsman.core.trail.events import BuildReported, DeliveryDecided, PlaybookEnded
from pointsman.core.trail.refused_events import EventRejected
from tests.support.events import arn
from tests.support.report_histories import DEV, KOFI, MADE_AT, NOVEMBER, PROD, Rollout, at, record, report, rollout_id
from tests.support.rollouts import change

ARN = KOFI.replace("kofi", "hana")


def test_a_month_without_an_event() -> None:
    empty = report()
    assert (empty.changes.total, empty.minutes, empty.deliveries.total, len(empty.periods)) == (0, 0, 0, 30)
    assert (empty.dora.failure_rate, empty.dora.lead_time.median, empty.dora.deployments_a_day) == (None, None, 0)
    assert not empty.people


def test_a_push_is_a_change_and_a_deployment() -> None:
    push = Rollout(1, 3, targets=(DEV, PROD))
    found = report(push.whole(), push.host("web-1", "changed"), push.host("web-2", "ok"), push.approved())
    [row] = found.changes.rows
    assert (row.person, row.kind, row.state, row.is_deployment) == ("hana", RolloutKind.PUSH, "succeeded", True)
    assert (row.hosts, row.hosts_changed, row.hosts_failed, found.hosts_changed) == (2, 1, 0, 1)
    assert row.lead_seconds == pytest.approx(1.1 * 3600)
    assert [each.target for each in row.targets] == [DEV, PROD]
    assert row.targets[0].log_url
    assert row.approved_by == ("kofi",)
    assert (row.minutes, found.minutes, round(found.dollars, 6)) == (6, 6, 0.03)
    assert [(each.name, each.total) for each in found.regions] == [("eu-west-1", 1), ("us-east-1", 1)]
    [day] = [each for each in found.periods if each.total]
    assert (day.first, day.succeeded, day.behind.rows[0].rollout) == (date(2026, 11, 3), 1, rollout_id(1))


def test_checks_are_no_changes_and_no_deployments() -> None:
    pull = Rollout(1, 3, mode=Mode.CHECK, pull_request=True)
    drift = Rollout(2, 4, "pointsman.drift", mode=Mode.CHECK, trigger=Trigger.DRIFT)
    found = report(pull.whole(), drift.whole(), pull.host("web-1", "changed"))
    assert found.changes.total == found.dora.deployments.total == found.hosts_changed == 0
    assert [(row.kind, row.hosts_changed) for row in found.checks.rows] == [
        (RolloutKind.DRIFT, 0),
        (RolloutKind.PULL_REQUEST, 1),
    ]
    assert (found.minutes, found.runs.total, found.regions) == (6, 2, ())  # they cost, but change no region


def test_rollbacks_and_new_instances_are_changes_but_no_deployments() -> None:
    instance = Rollout(1, 3, "aws.ec2", trigger=Trigger.INSTANCE, instances=("i-1",))
    back = Rollout(2, 4, KOFI, trigger=Trigger.ROLLBACK, rolls_back=rollout_id(9))
    by_hand = Rollout(3, 5, KOFI, trigger=Trigger.PERSON)
    found = report(instance.whole(), back.whole(), by_hand.whole())
    assert [row.kind for row in found.changes.rows] == [RolloutKind.BY_HAND, RolloutKind.ROLLBACK, RolloutKind.INSTANCE]
    assert [row.kind for row in found.dora.deployments.rows] == [RolloutKind.BY_HAND]
    assert found.dora.lead_time.number == 0  # nobody pushed it
    assert {row.person for row in found.changes.rows} == {"aws.ec2", "Ops/kofi"}


def test_a_person_has_one_name_for_pushes_and_commands() -> None:
    asked = RolloutRequested(
        at=at(5), actor=ARN, login="hana", command="c-1", reason="", route="site", targets=(DEV,), overrides_freeze=True
    )
    found = report(asked, Rollout(1, 3).whole(), Rollout(2, 5, ARN, trigger=Trigger.PERSON).whole())
    assert [(each.name, each.total) for each in found.people] == [("hana", 2)]
    assert [row.person for row in found.overrides.rows] == ["hana"]
    assert found.commands.total == 1


def test_an_unfinished_rollout_is_no_change_yet() -> None:
    push = Rollout(1, 29)
    found = report(push.pushed(), push.start, push.run())
    assert (found.changes.total, found.minutes) == (0, 3)
    [row] = found.unfinished.rows
    assert (row.state, row.at, row.targets[0].state) == ("open", at(29), "succeeded")


def test_a_rollout_counts_in_the_month_in_which_it_ends() -> None:
    push = Rollout(1, 0, targets=(DEV, PROD))  # it starts on 31 October
    events = [push.pushed(), push.start, push.run(hours=1), push.run(PROD, hours=13), push.end(hours=14)]
    october = report(events, span=TimeSpan.of_month("2026-10", UTC))
    november = report(events)
    assert (october.changes.total, october.unfinished.total, october.minutes) == (0, 1, 3)
    assert (november.changes.total, november.unfinished.total, november.minutes) == (1, 0, 3)
    [row] = november.changes.rows
    assert [each.state for each in row.targets] == ["succeeded", "succeeded"]
    assert row.lead_seconds == pytest.approx(14.1 * 3600)
    assert (november.deliveries.total, october.deliveries.total) == (0, 1)


def test_a_retry_that_succeeds_leaves_one_failed_change() -> None:
    push = Rollout(1, 3)
    again = RolloutRetried(at=at(3, 14), **push.about | {"actor": KOFI}, command="c-1", reason="", retried=(DEV,))
    events = [push.pushed(), push.start, push.run(state="failed"), push.end("failed"), again]
    open_again = report(events)
    assert (open_again.failures.total, open_again.unfinished.total) == (1, 1)
    found = report(events, push.run(attempt=2, hours=2.5), push.end(hours=3, number=2))
    [row] = found.changes.rows
    assert (row.state, row.result) == ("succeeded", Result.FAILED)
    assert row.lead_seconds == pytest.approx(3.1 * 3600)
    assert (found.unfinished.total, found.dora.failure_rate, found.failed_runs.total) == (0, 1.0, 1)
    assert found.dora.restore_time.median == pytest.approx(2 * 3600)


def test_superseded_and_cancelled_changes_have_not_failed() -> None:
    superseded = Rollout(1, 3)
    cancelled = Rollout(2, 4)
    never = [superseded.pushed(), superseded.start, superseded.run(state="superseded"), superseded.end("superseded")]
    stopped = [cancelled.pushed(), cancelled.start, cancelled.run(state="stopped"), cancelled.end("cancelled")]
    found = report(never, stopped)
    assert [row.result for row in found.changes.rows] == [Result.OTHER, Result.OTHER]
    assert (found.failures.total, found.dora.deployments.total, found.dora.failure_rate) == (0, 0, None)
    assert found.failed_runs.total == 1  # a stopped build is a failed run


def test_a_deployment_that_is_rolled_back_has_failed() -> None:
    bad, good = Rollout(1, 3), Rollout(2, 4)
    back = [
        Rollout(number, 3, KOFI, trigger=Trigger.ROLLBACK, rolls_back=rollout_id(1), is_subset=True)
        for number in (7, 8)
    ]
    found = report(bad.whole(), bad.rolled_back(), back[0].whole(hours=3), back[1].whole(hours=5), good.whole())
    assert (found.failures.total, found.rollbacks.total) == (1, 1)
    [restore] = found.dora.restores.rows
    assert restore.restored_by
    assert (restore.restored_by.rollout, restore.seconds) == (rollout_id(8), 3 * 3600)
    assert found.dora.failure_rate == pytest.approx(0.5)


def test_what_restores_is_the_next_success_of_the_same_route() -> None:
    bad, other, part = Rollout(1, 3), Rollout(2, 4, route="database"), Rollout(3, 5, KOFI, trigger=Trigger.PERSON)
    part = Rollout(3, 5, KOFI, trigger=Trigger.PERSON, is_limited=True)
    good = Rollout(4, 6)
    before = report(bad.whole("failed"), other.whole(), part.whole())
    assert (before.dora.not_restored, before.dora.restore_time.number) == (1, 0)
    found = report(bad.whole("failed"), other.whole(), part.whole(), good.whole())
    assert found.dora.restore_time.median == 3 * 24 * 3600
    assert found.dora.not_restored == 0


def test_drift_counts_hosts_and_what_is_left_of_it() -> None:
    def drift(name: str, day: int) -> DriftDetected:
        task = DriftingTask(name="Write", path="roles/web/tasks/main.yml:3", action="copy")
        return DriftDetected(
            at=at(day), since=at(day), rollout=f"r-{day}", route="site", target=DEV, host=name, tasks=(task,)
        )

    resolved = DriftResolved(
        at=at(9), since=at(3), rollout="r-9", route="site", target=DEV, host="web-1", reason="applied"
    )
    found = report(drift("web-1", 3), drift("web-1", 5), drift("web-2", 6), resolved)
    assert (found.drifting_hosts, found.still_drifting, found.drift.total) == (2, 1, 4)


def test_a_delivery_that_ran_nothing_is_a_push() -> None:
    ignored = DeliveryDecided(
        at=at(3), actor="hana", delivery="d-9", reason="no route runs", change=change(), decisions=()
    )
    found = report(ignored, Rollout(1, 4).whole())
    assert (found.deliveries.total, found.deliveries_without_run) == (2, 1)


def test_the_seconds_that_codebuild_charges_are_the_minutes_that_are_billed() -> None:
    push = Rollout(1, 3)
    short = push.run(seconds=110)
    charged = short.replace(build_seconds=130)
    others, entry = [record(push.start), record(push.end())], record(short).entry
    found = [report_of([*others, TrailRecord(entry, each)], NOVEMBER, MADE_AT) for each in (short, charged)]
    assert [each.minutes for each in found] == [2, 3]


def test_parts_of_a_result_are_one_host() -> None:
    push = Rollout(1, 3)
    parts = (
        push.host("web-1", "changed", hours=0.2, part=1, final=False, tasks=[]),
        push.host("web-1", "failed", hours=0.4, part=2),
    )
    [row] = report(push.whole("failed"), *parts).changes.rows
    assert (row.hosts, row.hosts_failed) == (1, 1)


def test_a_host_that_was_changed_before_it_failed_is_a_changed_host() -> None:
    push = Rollout(1, 3)
    broken = push.host("web-1", "failed", counts={"ok": 3, "changed": 2, "failed": 1})
    check = Rollout(2, 4, mode=Mode.CHECK)
    checked = check.host("web-1", "failed", counts={"ok": 3, "changed": 2, "failed": 1})
    found = report(push.whole("failed"), broken, check.whole("failed"), checked)
    [row] = found.changes.rows
    assert (row.hosts, row.hosts_changed, row.hosts_failed, found.hosts_changed) == (1, 1, 1, 1)
    assert [(each.hosts_changed, each.hosts_failed) for each in found.checks.rows] == [(1, 1)]


def test_what_an_auditor_should_know_of_the_trail() -> None:
    outside = BuildReported(
        at=at(3), rollout="", target=DEV, attempt=1, build_arn=arn(DEV), status="IN_PROGRESS", started_by="mallory"
    )
    ordinary = outside.replace(started_by=None, status="SUCCEEDED", rollout="r-1")
    rejected = EventRejected(
        at=at(4), event_id="e-1", source="x", detail_type="HostResultRecorded", sender_account="1", reason="no"
    )
    missing = PlaybookEnded(
        at=at(5),
        rollout="r-1",
        target=DEV,
        attempt=1,
        build_arn=arn(DEV),
        mode=Mode.APPLY,
        exit_status=0,
        results_missing=("web-1",),
        started_at=at(5),
        ended_at=at(5),
    )
    found = report(outside, ordinary, rejected, missing, missing.replace(results_missing=(), attempt=2))
    assert [row.type for row in found.notes.rows] == ["PlaybookEnded", "EventRejected", "BuildReported"]


def test_a_run_whose_results_may_be_missing_is_noted_and_counts_as_any_other() -> None:
    push = Rollout(1, 3, targets=(DEV, PROD))
    records = [record(each) for each in push.whole()]
    [lost, *_] = [each for each in records if each.entry.type == "RunEnded"]
    assert lost.event
    records.append(TrailRecord(entry_of(lost.event, "main", misses_results=True), lost.event))
    records.remove(lost)
    found = report_of(records, NOVEMBER, MADE_AT)
    assert [(row.type, row.outcomes, row.target) for row in found.notes.rows] == [
        ("RunEnded", ("succeeded", "results_missing"), DEV)
    ]
    assert found.notes.rows[0].detail.endswith(NOT_REPORTED)
    assert (found.runs.total, found.changes.rows[0].state) == (2, "succeeded")


def test_a_freeze_is_a_command() -> None:
    frozen = FreezeStarted(at=at(3), actor=ARN, login="hana", command="c-1", reason="sale", scope="*", until=at(4))
    [row] = report(frozen).commands.rows
    assert (row.person, row.detail) == ("hana", "everything frozen: sale")


def test_lists_are_bounded_and_say_how_many_are_not_shown() -> None:
    events = [each for number in range(1, 21) for each in Rollout(number, number, f"person-{number}").whole()]
    found = report(events, rows=5, other_rows=3)
    assert (found.changes.total, len(found.changes.rows), found.changes.omitted) == (20, 5, 15)
    assert found.changes.rows[0].rollout == rollout_id(20)
    assert (found.runs.total, len(found.runs.rows), found.minutes) == (20, 3, 60)


def test_many_people_share_the_last_line() -> None:
    events = [each for number in range(40) for each in Rollout(number, 1 + number % 28, f"p{number:02}").whole()]
    people = report(events).people
    assert (len(people), people[-1].name, people[-1].total) == (31, "10 others", 10)


def test_days_are_those_of_the_zone() -> None:
    auckland = TimeSpan.of_month("2026-11", ZoneInfo("Pacific/Auckland"))
    late = Rollout(1, 2)  # ends at 13:00 UTC, which is 2:00 of the next day
    [day] = [each for each in report(late.whole(), span=auckland).periods if each.total]
    assert day.first == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("until", "unit", "bars"),
    [(date(2027, 1, 1), BarUnit.DAY, 61), (date(2027, 7, 1), BarUnit.WEEK, 36), (date(2029, 1, 1), BarUnit.MONTH, 26)],
)
def test_a_long_time_has_few_bars(until: date, unit: BarUnit, bars: int) -> None:
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    found = report(Rollout(1, 3).whole(), span=TimeSpan(at(1, 0), end), made_at=end)
    assert (found.unit, len(found.periods), sum(each.total for each in found.periods)) == (unit, bars, 1)


def test_a_month_that_is_not_over_counts_its_days_so_far() -> None:
    found = report(Rollout(1, 3).whole(), made_at=at(5))
    assert (found.dora.days, found.is_complete, found.dora.deployments_a_day) == (5, False, 0.2)
    assert report(made_at=MADE_AT).is_complete


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-11", "november", "0000-01", "9999-01", ""])
def test_what_is_not_a_month(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month: write it as 2026-11"):
        TimeSpan.of_month(text, UTC)


def test_a_month_begins_in_its_zone() -> None:
    berlin = TimeSpan.of_month("2026-12", ZoneInfo("Europe/Berlin"))
    assert (berlin.since, berlin.until) == (
        datetime(2026, 11, 30, 23, tzinfo=UTC),
        datetime(2026, 12, 31, 23, tzinfo=UTC),
    )
