"""A runner of another version: what it adds is kept, redacted and bounded, and never makes a report more trusted."""

import json
from typing import Any

import pytest

from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.audit.unknown_content import MOST_FIELDS, OMITTED, RAW_LENGTH, VALUE_LENGTH
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, RawReportRecorded
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from tests.support.audit_world import AuditWorld
from tests.support.events import (
    DEV,
    PROD,
    after,
    arn,
    build_event,
    host_event,
    started_rollout,
    started_run,
    stored_run,
    task,
)
from tests.support.fold_rollout import fold
from tests.unit.core.audit.test_playbook_end import ended
from tests.unit.core.audit.test_recorder import can_be_stored

SECRET = "hunter2-Zk3f9Qw7"  # pragma: allowlist secret
TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


@pytest.fixture
def world() -> AuditWorld:
    return AuditWorld(stored_run(DEV, build_arn=arn(DEV)), now=after(120))


def test_fields_that_are_new_are_kept_beside_the_result(world: AuditWorld) -> None:
    counts = {"ok": 3, "changed": 1, "retried": 2}
    event = host_event(reboot_required=True, counts=counts, tasks=[task(), task(loop_items=["a", "b"])])
    assert world.take(event) is RecordOutcome.RECORDED
    recorded = world.only()
    assert isinstance(recorded, HostResultRecorded)
    assert (recorded.host, recorded.counts.changed, len(recorded.tasks)) == ("web-1", 1, 2)
    assert recorded.unknown_fields == {
        "reboot_required": "true",
        "counts.retried": "2",
        "tasks.1.loop_items": '["a","b"]',
    }


def test_fields_that_are_new_are_kept_beside_the_end_of_ansible(world: AuditWorld) -> None:
    assert world.take(ended(signal="SIGTERM")) is RecordOutcome.RECORDED
    assert isinstance(world.only(), PlaybookEnded)
    assert world.only().unknown_fields == {"signal": '"SIGTERM"'}


def test_a_report_without_new_fields_has_none(world: AuditWorld) -> None:
    world.take(host_event())
    assert world.only().unknown_fields is None
    assert "unknown_fields" not in world.only().to_dict()


def test_a_status_that_is_new_is_kept_and_does_not_count_as_a_failure(world: AuditWorld) -> None:
    event = host_event(status="drifted", tasks=[task(status="drifted", message="the file differs")])
    assert world.take(event) is RecordOutcome.RECORDED
    recorded = world.only()
    assert (recorded.status, recorded.tasks[0].status) == ("drifted", "drifted")
    view = fold([started_rollout(DEV), started_run(DEV), recorded])
    assert view
    (target,) = view.targets
    assert target.failures == ()
    assert target.hosts.changed == 1  # as the counts of the result say


@pytest.mark.parametrize(
    "detail",
    [
        {"version": 2},
        {"host": ""},
        {"host": "x" * 2_000},
        {"host": "🦜" * 64},
        {"status": "<!channel>"},
        {"counts": {"ok": -1}},
        {"counts": {"ok": 10**40}},
        {"tasks": [task(duration_seconds=float("inf"))]},
        {"tasks": [task(duration_seconds=1e300)]},
        {"tasks": "none"},
        {"started_at": "yesterday"},
        {"started_at": "2026-11-23T08:01:02"},
    ],
)
def test_a_report_that_can_not_be_read_is_kept_as_it_came(world: AuditWorld, detail: dict[str, Any]) -> None:
    assert world.take(host_event(**detail)) is RecordOutcome.RECORDED
    raw = world.only()
    assert isinstance(raw, RawReportRecorded)
    assert (raw.actor, raw.target, raw.detail_type, raw.shortened) == ("hana", DEV, "HostResultRecorded", False)
    assert next(iter(detail)) in raw.reason
    assert raw.host == (None if "host" in detail else "web-1")
    assert json.loads(raw.content)["tasks"]
    assert can_be_stored(raw)


def test_a_report_that_can_not_be_read_is_recorded_once(world: AuditWorld) -> None:
    event = host_event(version=2)
    assert world.take(event) is RecordOutcome.RECORDED
    assert world.take(event | {"id": "the-runner-sent-it-again"}) is RecordOutcome.REPEATED
    assert len(world.trail.all()) == 1
    assert world.take(host_event(version=2, status="ok")) is RecordOutcome.RECORDED


@pytest.mark.parametrize("host_detail", [{"version": 2}, {"new": 1}])
@pytest.mark.parametrize(
    ("of", "about"),
    [
        (PROD, {}),
        (DEV, {"envelope": {"account": "444444444444"}}),
        (DEV, {"build_arn": arn(PROD)}),
        (DEV, {"mode": "check"}),
        (DEV, {"commit": "f" * 40}),
        (DEV, {"rollout": "r-forged"}),
        (DEV, {"attempt": 2}),
        (DEV, {"envelope": {"source": "pointsman.check"}}),
        (DEV, {"envelope": {"time": "2026-11-23T07:00:00Z"}}),
    ],
)
def test_what_is_new_makes_no_report_more_trusted(
    world: AuditWorld, of: str, about: dict[str, Any], host_detail: dict[str, Any]
) -> None:
    assert world.take(host_event(of, **about, **host_detail)) is RecordOutcome.REJECTED
    assert isinstance(world.only(), EventRejected)


@pytest.mark.parametrize("version", [1, 2])
def test_secrets_in_what_is_new_are_redacted(world: AuditWorld, version: int) -> None:
    event = host_event(
        version=version,
        db_password=SECRET,
        facts={"admin": {"password": SECRET}, "note": f"git clone https://x:{TOKEN}@github.com/acme/infra"},
        environment=[{"name": "DB_PASSWORD", "value": SECRET}],
        tasks=[task(extra=f"+password: {SECRET}\n"), task(key={f"password={SECRET}": 1})],
    )
    assert world.take(event) is RecordOutcome.RECORDED
    stored = world.only().to_json()
    assert SECRET not in stored
    assert TOKEN not in stored
    assert "[redacted]" in stored
    assert "github.com/acme/infra" in stored


def test_the_sender_can_not_write_the_field_for_what_is_new(world: AuditWorld) -> None:
    world.take(host_event(unknown_fields={"password": SECRET}, actor="somebody-else"))
    assert world.only().actor == "hana"
    assert world.only().unknown_fields == {"actor": '"somebody-else"'}


def test_what_is_new_is_bounded(world: AuditWorld) -> None:
    many: dict[str, Any] = {f"field{number}": "x" * 5_000 for number in range(200)}
    world.take(host_event(**many))
    fields = world.only().unknown_fields
    assert len(fields) == MOST_FIELDS + 1
    assert fields[OMITTED] == "150 more fields"
    assert max(map(len, fields.values())) <= VALUE_LENGTH
    assert can_be_stored(world.only())


def test_a_large_report_that_can_not_be_read_is_cut(world: AuditWorld) -> None:
    world.take(host_event(version=2, diff="🦜 " * 100_000))
    raw = world.only()
    assert (len(raw.content), raw.shortened) == (RAW_LENGTH, True)
    assert can_be_stored(raw)


def test_unreadable_reports_count_towards_the_builds_limit(world: AuditWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsman.core.audit.recorder.MOST_RESULTS", 2)
    outcomes = [world.take(host_event(version=2, number=number)) for number in range(4)]
    assert outcomes == [RecordOutcome.RECORDED] * 2 + [RecordOutcome.REJECTED] * 2
    assert len(world.of_type(RecordingCapped)) == 1


def test_a_report_replayed_after_an_upgrade_is_the_same_report(world: AuditWorld) -> None:
    """The former version did not know the field, and did not keep it."""
    world.take(host_event())
    assert world.take(host_event(reboot_required=True)) is RecordOutcome.REPEATED
    assert world.take(host_event(status="ok", reboot_required=True)) is RecordOutcome.REJECTED


def test_a_status_that_codebuild_adds_is_recorded(world: AuditWorld) -> None:
    assert world.take(build_event("QUEUED", time="2026-11-23T08:01:40Z")) is RecordOutcome.RECORDED
    assert world.only().status == "QUEUED"
