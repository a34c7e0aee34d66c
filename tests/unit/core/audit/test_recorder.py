"""An EventBridge event is recorded once, with its actor, and only if its sender may report it."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.adapters.trail_dynamodb import put_of
from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.index.entries import entries_of
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import BuildReported, HostResultRecorded
from pointsman.core.trail.refused_events import EventRejected
from pointsman.errors import Misconfigured
from tests.support.audit_world import AuditWorld
from tests.support.events import DEV, PROD, ROLLOUT, after, arn, build_event, host_event, sample, stored_run, task
from tests.support.rollouts import COMMIT


class TwoTargets(AuditWorld):
    """A run on each of two targets of one rollout."""

    def __init__(self) -> None:
        in_prod = stored_run(PROD, build_arn=arn(PROD)).run
        assert in_prod
        super().__init__(stored_run(DEV, PROD, build_arn=arn(DEV)), in_prod, now=after(120))

    def rejection(self, event: dict[str, Any]) -> str:
        """Why `event` was rejected. The trail has nothing else of it."""
        assert self.take(event) is RecordOutcome.REJECTED
        rejected = self.only()
        assert isinstance(rejected, EventRejected)
        assert rejected.event_id == event["id"]
        assert rejected.sender_account == event["account"]
        assert (rejected.rollout, rejected.target, rejected.host) == (None, None, None)
        return rejected.reason


@pytest.fixture
def world() -> TwoTargets:
    return TwoTargets()


def test_a_build_is_recorded_with_its_actor_and_commit(world: TwoTargets) -> None:
    event = sample("aws/codebuild-build-failed.json") | {"time": "2026-11-23T08:01:40Z"}
    event["detail"]["build-id"] = arn(DEV)
    assert world.take(event) is RecordOutcome.RECORDED
    recorded = world.only()
    assert isinstance(recorded, BuildReported)
    assert (recorded.actor, recorded.repository, recorded.commit, recorded.route) == (
        "hana",
        "acme/infra",
        COMMIT,
        "site",
    )
    assert (recorded.rollout, recorded.target, recorded.attempt) == (ROLLOUT, DEV, 1)
    assert (recorded.status, recorded.phase) == ("FAILED", "BUILD FAILED")


def test_a_host_is_recorded_with_its_tasks_and_actor(world: TwoTargets) -> None:
    event = host_event(tasks=[task(), task(name="Check health", status="failed", message="503", diff=None)])
    assert world.take(event) is RecordOutcome.RECORDED
    recorded = world.only()
    assert isinstance(recorded, HostResultRecorded)
    assert (recorded.actor, recorded.repository, recorded.commit, recorded.host) == (
        "hana",
        "acme/infra",
        COMMIT,
        "web-1",
    )
    assert recorded.at == after(91)
    assert [(each.name, each.message) for each in recorded.tasks] == [
        ("Set the file limit", None),
        ("Check health", "503"),
    ]
    assert recorded.counts.changed == 1


def test_the_sample_of_the_control_bus_is_recorded(world: TwoTargets) -> None:
    event = sample("aws/eventbridge-host-result.json") | {"time": "2026-11-23T08:01:40Z"}
    event["detail"]["build_arn"] = arn(DEV)
    assert world.take(event) is RecordOutcome.RECORDED


def test_an_event_that_comes_twice_is_recorded_once(world: TwoTargets) -> None:
    assert [world.take(host_event()) for _ in range(3)] == [
        RecordOutcome.RECORDED,
        RecordOutcome.REPEATED,
        RecordOutcome.REPEATED,
    ]
    assert len(world.trail.all()) == 1


def test_every_status_of_a_build_is_an_event_of_its_own(world: TwoTargets) -> None:
    for status in ("SUCCEEDED", "IN_PROGRESS"):
        assert world.take(build_event(status)) is RecordOutcome.RECORDED
    assert len(world.trail.all()) == 2


def test_a_build_in_dev_can_not_write_the_history_of_prod(world: TwoTargets) -> None:
    event = build_event(of=PROD, account="222222222222", region="eu-west-1")
    assert "account 222222222222 may not report on prod/eu-west-1, which is in account 333333333333" in world.rejection(
        event
    )


def test_a_host_of_dev_can_not_write_the_history_of_prod(world: TwoTargets) -> None:
    event = host_event(of=PROD, envelope={"account": "222222222222"})
    assert "may not report on prod/eu-west-1" in world.rejection(event)


def test_a_build_must_be_in_the_targets_account_and_region(world: TwoTargets) -> None:
    for build in (arn(PROD), arn("dev/us-east-1")):
        assert "not in dev/eu-west-1" in TwoTargets().rejection(host_event(build_arn=build))


def test_an_unknown_rollout_is_rejected(world: TwoTargets) -> None:
    assert world.rejection(host_event(rollout="r-forged")).endswith("there is no rollout r-forged")


def test_an_attempt_that_was_never_made_is_rejected(world: TwoTargets) -> None:
    assert "has no attempt 7 on dev/eu-west-1" in world.rejection(host_event(attempt=7))


def test_a_target_that_the_rollout_does_not_have_is_rejected(world: TwoTargets) -> None:
    assert "has no attempt 1 on dev/us-east-1" in world.rejection(host_event(target="dev/us-east-1"))


def test_another_commit_than_the_rollouts_is_rejected(world: TwoTargets) -> None:
    assert "it ran commit" in world.rejection(host_event(commit="f" * 40))


def test_another_mode_than_the_rollouts_is_rejected(world: TwoTargets) -> None:
    assert "it ran in mode check" in world.rejection(host_event(mode="check"))


def test_the_role_of_checks_may_not_report_on_an_apply(world: TwoTargets) -> None:
    event = host_event(envelope={"source": "pointsman.check"})
    assert world.rejection(event).endswith(": a check may not report on a rollout in mode apply")


@pytest.mark.parametrize("time", ["2026-11-23T07:50:00Z", "2026-11-23T08:10:00Z", "1999-01-01T00:00:00Z"])
def test_events_from_the_past_or_the_future_are_rejected(world: TwoTargets, time: str) -> None:
    assert "is not between" in world.rejection(host_event(envelope={"time": time}))


def test_an_event_of_another_source_is_ignored(world: TwoTargets) -> None:
    assert world.take(build_event(source="aws.ec2")) is RecordOutcome.IGNORED


@pytest.mark.parametrize(
    "detail",
    [
        {"build_arn": "arn:aws:s3:::bucket"},
        {"rollout": "r-1#x"},
        {"target": 7},
        {"attempt": 0},
        {"mode": "plan"},
        {"commit": "f" * 100},
    ],
)
def test_a_report_whose_run_can_not_be_read_is_rejected_and_not_retried(
    world: TwoTargets, detail: dict[str, Any]
) -> None:
    assert next(iter(detail)) in world.rejection(host_event(**detail))


def test_a_build_event_that_can_not_be_read_is_rejected_and_not_retried(world: TwoTargets) -> None:
    assert "build-status" in world.rejection(build_event("exploded!"))


@pytest.mark.parametrize("name", ["id", "source", "detail-type"])
def test_an_envelope_with_half_a_surrogate_pair_is_kept_as_rejected_or_ignored(world: TwoTargets, name: str) -> None:
    event = host_event(mode="plan")
    event[name] += "\ud800"
    assert world.take(event) in (RecordOutcome.REJECTED, RecordOutcome.IGNORED)
    assert all(put_of(each, "audit") for each in world.trail.all())


def test_a_rejected_event_is_recorded_once(world: TwoTargets) -> None:
    for _ in range(2):
        assert world.take(host_event(rollout="r-forged")) is RecordOutcome.REJECTED
    assert len(world.trail.all()) == 1


def test_an_invalid_event_is_misconfigured(world: TwoTargets) -> None:
    with pytest.raises(Misconfigured):
        world.take({"Records": []})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_tasks_time_is_kept_in_milliseconds(world: TwoTargets) -> None:
    assert world.take(host_event(tasks=[task(duration_seconds=each) for each in (1e-300, 1.23456, 7)])) is (
        RecordOutcome.RECORDED
    )
    assert [each.duration_seconds for each in world.only().tasks] == [0, 1.235, 7]
    put_of(world.only(), "audit")


DETAIL: dict[str, Any] = host_event(tasks=[task()])["detail"]
FIELDS: list[tuple[str | int, ...]] = [
    *((name,) for name in sorted(DETAIL)),
    *(("counts", name) for name in sorted(DETAIL["counts"])),
    *(("tasks", 0, name) for name in sorted(DETAIL["tasks"][0])),
]


def can_be_stored(event: Event) -> bool:
    """Whether the table would take `event`: its numbers, and its keys by their bytes."""
    item = put_of(event, "audit")["Item"]
    json.dumps(json.loads(event.to_json()), allow_nan=False).encode()
    sizes = {name: len(value["S"].encode()) for name, value in item.items() if "S" in value}
    entries = [(len(each.pk.encode()), len(each.sk.encode())) for each in entries_of(event)]
    return all(pk <= 2048 and sk <= 1024 for pk, sk in [(sizes["pk"], sizes["sk"]), *entries])


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(FIELDS), json_values)
@example(("tasks", 0, "duration_seconds"), 1e-300)
@example(("host",), "🦜" * 255)
@example(("host",), "\ud800")
@example(("tasks", 0, "name"), "\ud800")
def test_any_value_in_a_host_result_is_answered_and_can_be_stored(field: tuple[str | int, ...], value: Any) -> None:
    world = TwoTargets()
    event = host_event(tasks=[task()])
    *path, last = field
    part: Any = event["detail"]
    for step in path:
        part = part[step]
    part[last] = value
    world.take(event)
    assert all(can_be_stored(recorded) for recorded in world.trail.all())
