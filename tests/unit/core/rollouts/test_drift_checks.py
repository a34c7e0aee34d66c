"""Drift: when a check runs, what it finds, and what is recorded of it. See docs/drift.md."""

from datetime import timedelta

import pytest

from pointsman.core.drift import TargetDrift
from pointsman.core.model import Mode, RolloutId, RolloutState, RunState
from pointsman.core.ports import Transition
from pointsman.core.rollouts.drift_record import EVENTS_PER_TRANSITION, MOST_HOSTS
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.events import RolloutStarted
from pointsman.errors import Unavailable
from tests.support.drift import KEY, DriftSide, drift_routes, task
from tests.support.rollouts import COMMIT, delivery
from tests.support.world import DEV, PROD, MemoryWorld

OTHER = "2" * 40
LIMIT, MOTD = "Set the file limit", "Write the message of the day"


@pytest.fixture
def side() -> DriftSide[MemoryWorld]:
    side = DriftSide(MemoryWorld())
    side.apply()
    return side


def types(events: list[DriftDetected | DriftResolved]) -> list[tuple[str, str | None]]:
    return [(event.type, event.host) for event in events]


def test_a_check_compares_with_the_last_commit_that_succeeded_and_changes_nothing(side: DriftSide[MemoryWorld]) -> None:
    side.apply(commit=OTHER, state=RunState.FAILED)
    rollout = side.check()
    assert (rollout.change.after, rollout.spec.mode) == (COMMIT, Mode.CHECK)
    assert [run.queue for run in side.world.runs(rollout.id).values()] == ["dev/eu-west-1#check"]
    [started] = [each for each in side.world.events(rollout.id) if isinstance(each, RolloutStarted)]
    assert started.actor == "pointsman.drift"
    assert started.request
    assert started.request.reason == (
        "scheduled check: does dev/eu-west-1 differ from 1f0b1f2, the last commit that succeeded there?"
    )


def test_what_a_host_would_change_is_recorded_once_until_it_changes(side: DriftSide[MemoryWorld]) -> None:
    first = side.check()
    side.end(first, {"web-1": [LIMIT, MOTD], "web-2": []})
    [event] = side.events(first)
    assert isinstance(event, DriftDetected)
    assert (event.actor, event.route, event.target, event.host) == ("pointsman.drift", "site", DEV, "web-1")
    assert (event.repository, event.commit, event.rollout) == ("acme/infra", COMMIT, first.id)
    assert [each.name for each in event.tasks] == [LIMIT, MOTD]
    assert event.since == event.at

    second = side.check()
    side.end(second, {"web-1": [LIMIT, MOTD], "web-2": []})
    assert side.events(second) == []
    assert side.record().hosts["web-1"].found_by == first.id

    third = side.check()
    side.end(third, {"web-1": [LIMIT], "web-2": []})
    [changed] = side.events(third)
    assert isinstance(changed, DriftDetected)
    assert ([each.name for each in changed.tasks], changed.since) == ([LIMIT], event.since)
    assert side.record().hosts["web-1"].found_by == third.id

    fourth = side.check()
    side.end(fourth, {"web-1": [], "web-2": []})
    [resolved] = side.events(fourth)
    assert isinstance(resolved, DriftResolved)
    assert (resolved.host, resolved.reason, resolved.since) == ("web-1", "the check found no difference", event.since)
    assert side.record().is_clean


def test_a_sweep_without_news_writes_nothing(side: DriftSide[MemoryWorld]) -> None:
    rollout = side.check()
    side.end(rollout, {"web-1": [LIMIT]})
    version, events = side.record().version, side.world.trail.all()
    for _ in range(3):
        side.sweep()
    assert side.record().version == version
    assert side.world.trail.all() == events


def test_nothing_is_due_before_a_commit_has_succeeded() -> None:
    side = DriftSide(MemoryWorld())
    side.apply(state=RunState.FAILED)
    side.world.clock.pass_by(days=3)
    side.sweep()
    assert side.rollouts() == []


@pytest.mark.parametrize("ends", [False, True])
def test_while_a_commit_of_the_route_waits_or_runs_no_check_starts(side: DriftSide[MemoryWorld], ends: bool) -> None:
    side.world.clock.pass_by(days=1)
    rollout = side.world.push(delivery(DEV, commit=OTHER, at=side.world.clock()))
    if ends:
        side.world.finish(rollout, DEV)
    side.sweep()
    assert side.rollouts() == []
    if ends:
        assert side.check().change.after == OTHER


def test_another_route_on_the_target_delays_no_check(side: DriftSide[MemoryWorld]) -> None:
    side.world.push(delivery(DEV, commit=OTHER, route="other", at=side.world.clock()))
    assert side.check().change.after == COMMIT


def test_while_a_check_is_open_no_other_starts(side: DriftSide[MemoryWorld]) -> None:
    side.check()
    side.world.clock.pass_by(days=5)
    side.sweep()
    assert len(side.rollouts()) == 1


def test_results_that_arrive_after_the_end_of_the_build_count(side: DriftSide[MemoryWorld]) -> None:
    rollout = side.check()
    side.world.finish(rollout.id, DEV)
    side.sweep()
    assert side.record().check
    side.report(rollout, {"web-1": [LIMIT]}, count=2)
    side.sweep()
    assert side.record().check  # one of two hosts
    side.world.trail.record(side.host_result(rollout, "web-2", []))
    side.sweep()
    assert side.record().check is None
    assert types(side.events(rollout)) == [("DriftDetected", "web-1")]


def test_a_host_that_failed_or_was_not_reached_keeps_its_state(side: DriftSide[MemoryWorld]) -> None:
    side.end(side.check(), {"web-1": [LIMIT], "web-2": [LIMIT], "web-3": []})
    rollout = side.check()
    side.report(rollout, {"web-1": "unreachable", "web-3": [MOTD]}, cut_off=("web-2",))
    side.world.finish(rollout.id, DEV, RunState.FAILED, "Ansible failed")
    side.sweep()
    record = side.record()
    assert set(record.hosts) == {"web-1", "web-2", "web-3"}
    assert types(side.events(rollout)) == [("DriftDetected", "web-3")]
    assert record.unknown
    assert record.unknown.reason == "the check did not succeed on 2 hosts: web-1, web-2"
    assert record.unknown.hosts == ("web-1", "web-2")


def test_a_host_that_left_the_inventory_is_no_longer_listed(side: DriftSide[MemoryWorld]) -> None:
    side.end(side.check(), {"web-1": [LIMIT], "web-2": [LIMIT]})
    rollout = side.check()
    side.end(rollout, {"web-2": [LIMIT]})
    [event] = side.events(rollout)
    assert isinstance(event, DriftResolved)
    assert (event.host, event.reason) == ("web-1", "no longer in the inventory")
    assert set(side.record().hosts) == {"web-2"}


def test_an_instance_alone_and_a_pull_request_say_nothing_of_drift(side: DriftSide[MemoryWorld]) -> None:
    side.end(side.check(), {"web-1": [LIMIT]})
    launched = side.world.launch(1)
    instance_run = side.world.runs_on_instances()[-1]
    assert instance_run.request
    assert instance_run.request.instances == (launched.instance,)
    side.end(instance_run, {"web-1": []})
    assert set(side.record().hosts) == {"web-1"}


def test_a_route_that_no_longer_checks_resolves_what_was_found(side: DriftSide[MemoryWorld]) -> None:
    found = side.check()
    side.end(found, {"web-1": [LIMIT]})
    side.routes = drift_routes(seconds=None)
    side.sweep()
    assert [event.reason for event in side.events(found) if isinstance(event, DriftResolved)] == [
        "the route no longer checks this target for drift"
    ]
    assert side.record().is_clean
    side.world.clock.pass_by(days=3)
    side.sweep()
    assert len(side.rollouts()) == 1


def test_targets_with_the_same_last_commit_are_one_rollout_and_are_judged_apart() -> None:
    side = DriftSide(MemoryWorld(), drift_routes(targets="all"))
    side.apply(DEV, PROD)
    rollout = side.check()
    assert {run.target.name for run in side.world.runs(rollout.id).values()} == {DEV, PROD}
    side.end(rollout, {"web-1": [LIMIT]}, DEV)
    assert side.record(DEV).hosts
    assert side.record(PROD).check
    side.end(rollout, {"web-1": [MOTD]}, PROD)
    assert types(side.events(rollout)) == [("DriftDetected", "web-1"), ("DriftDetected", "web-1")]
    assert side.record(PROD).check is None
    assert side.world.rollout(rollout.id).state is RolloutState.SUCCEEDED


def test_targets_with_different_commits_are_different_rollouts() -> None:
    side = DriftSide(MemoryWorld(), drift_routes(targets="all"))
    side.apply(DEV, PROD)
    side.apply(DEV, commit=OTHER)
    side.world.clock.pass_by(days=1)
    side.sweep()
    assert {(each.change.after, *(target.name for target in each.spec.targets)) for each in side.rollouts()} == {
        (OTHER, DEV),
        (COMMIT, PROD),
    }


def test_many_hosts_are_several_transactions_and_each_event_is_recorded_once(side: DriftSide[MemoryWorld]) -> None:
    hosts = {f"web-{number:03}": [LIMIT] for number in range(2 * EVENTS_PER_TRANSITION + 5)}
    rollout = side.check()
    side.end(rollout, hosts)
    assert [event.host for event in side.events(rollout)] == sorted(hosts)
    assert set(side.record().hosts) == set(hosts)
    assert side.record().version == 4  # requested, and three parts


def test_a_sweep_that_dies_between_two_parts_is_continued(
    side: DriftSide[MemoryWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = {f"web-{number:03}": [LIMIT] for number in range(EVENTS_PER_TRANSITION + 5)}
    rollout = side.check()
    side.report(rollout, hosts)
    side.world.finish(rollout.id, DEV)
    commit = side.world.store.commit
    calls: list[Transition] = []

    def dies(transition: Transition) -> None:
        calls.append(transition)
        if len(calls) == 2:
            raise Unavailable("throttled")
        commit(transition)

    monkeypatch.setattr(side.world.store, "commit", dies)
    with pytest.raises(Unavailable, match="throttled"):
        side.sweep()
    assert len(side.record().hosts) == EVENTS_PER_TRANSITION
    assert side.record().check
    side.sweep()
    assert [event.host for event in side.events(rollout)] == sorted(hosts)
    assert side.record().check is None


def test_more_hosts_than_an_item_has_room_for_are_counted(side: DriftSide[MemoryWorld]) -> None:
    hosts = {f"web-{number:04}": [LIMIT] for number in range(MOST_HOSTS + 3)}
    side.end(side.check(), hosts)
    assert len(side.record().hosts) == MOST_HOSTS
    assert side.record().hosts_omitted == 3
    rollout = side.check()
    side.end(rollout, {name: [] if name < "web-0005" else tasks for name, tasks in hosts.items()})
    assert side.record().hosts_omitted == 0
    assert [event.type for event in side.events(rollout)].count("DriftDetected") == 3


def test_what_fails_on_one_target_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    side = DriftSide(MemoryWorld(), drift_routes(targets="all"))
    side.apply(DEV, PROD)
    side.apply(DEV, commit=OTHER)
    load = side.world.store.load
    good = {name: side.world.store.queues([name])[name].last_good[KEY].rollout for name in (DEV, PROD)}

    def fails(rollout_id: RolloutId) -> object:
        if rollout_id == good[DEV]:
            raise Unavailable("throttled")
        return load(rollout_id)

    monkeypatch.setattr(side.world.store, "load", fails)
    side.world.clock.pass_by(days=1)
    with pytest.raises(Unavailable, match="throttled"):
        side.sweep()
    monkeypatch.undo()
    assert [each.spec.targets[0].name for each in side.rollouts()] == [PROD]


def test_a_sweep_without_time_leaves_the_rest_to_the_next(side: DriftSide[MemoryWorld]) -> None:
    side.world.clock.pass_by(days=1)
    side.checks.sweep(lambda: True)
    assert side.rollouts() == []
    side.sweep()
    assert len(side.rollouts()) == 1


def test_a_redacted_value_stays_redacted_and_no_diff_is_copied(side: DriftSide[MemoryWorld]) -> None:
    rollout = side.check()
    result = side.host_result(rollout, "web-1", [])
    leaky = task("Set the password to [REDACTED]").replace(diff="-old\n+new\n", message="a message")
    side.world.trail.record(result.replace(tasks=(leaky,), counts=result.counts.replace(changed=1), status="changed"))
    side.report(rollout, {}, count=1)
    side.world.finish(rollout.id, DEV)
    side.sweep()
    [event] = side.events(rollout)
    assert "+new" not in event.to_json()
    assert "a message" not in event.to_json()
    assert "[REDACTED]" in event.to_json()


def test_a_record_of_an_older_version_is_read() -> None:
    stored = {"target": DEV, "route_key": KEY, "route": "site", "repository": "acme/infra"}
    assert TargetDrift.read(stored).is_clean


def test_a_check_never_stands_in_the_way_of_a_push(side: DriftSide[MemoryWorld]) -> None:
    side.check()
    rollout = side.world.push(delivery(DEV, commit=OTHER, at=side.world.clock() + timedelta(seconds=1)))
    assert side.world.run(rollout, DEV).state is RunState.RUNNING
