"""The RolloutStore and DriftStore ports: DynamoDB (on moto) and the one in memory behave the same."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.drift import DriftUnknown, HostDrift, TargetDrift
from pointsman.core.model import (
    LastGood,
    QueueEntry,
    Rollout,
    RolloutId,
    RolloutState,
    Run,
    RunState,
    TargetName,
    TargetQueue,
    WaitingInstances,
)
from pointsman.core.ports import DriftStore, RunOfBuild, Trail, Transition, Turn
from pointsman.core.rollouts import accept
from pointsman.core.route_state import RouteState
from pointsman.core.run_options import RunOptions, SecretLocation, VaultSecret
from pointsman.core.trail.events import RunWaited
from pointsman.errors import Conflict, Unreadable
from tests.support.rollouts import MORNING, delivery, instance_route, launch, target
from tests.support.tables import create_tables

DEV = "dev/eu-west-1"


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[tuple[DriftStore, Trail]]:
    if request.param == "memory":
        trail = MemoryTrail()
        yield MemoryRollouts(trail), trail
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        yield DynamoRollouts(client, "rollouts", "audit"), DynamoTrail(client, "audit")


@pytest.fixture
def store(world: tuple[DriftStore, Trail]) -> DriftStore:
    return world[0]


@pytest.fixture
def trail(world: tuple[DriftStore, Trail]) -> Trail:
    return world[1]


def started(store: DriftStore, **about: str) -> Rollout:
    sent = delivery(DEV, **about)  # type: ignore[arg-type]
    route = store.surroundings((), ("1#site",)).routes["1#site"]
    transition = accept.start(sent, "message-1", sent.specs[0], route, MORNING, lambda _: None)
    store.commit(transition)
    assert transition.rollout
    return transition.rollout.replace(version=1)


def a_run(rollout: Rollout, attempt: int = 1, version: int = 0) -> Run:
    return Run(
        rollout=rollout.id, route="site", target=target(DEV), attempt=attempt, created_at=MORNING, version=version
    )


def test_what_was_stored_is_loaded_as_it_was(store: DriftStore) -> None:
    rollout = started(store)
    run = a_run(rollout).replace(acquired_at=MORNING, reason="a reason with ümläut & <markup>")
    store.commit(Transition(runs=(run,)))
    assert store.load(rollout.id) == (rollout, (run.replace(version=1),))


def test_extra_variables_keep_their_types(store: DriftStore) -> None:
    variables = {"workers": 4, "ratio": 0.25, "names": ["a", "b"], "nested": {"on": True, "off": None}, "empty": ""}
    sent = delivery(DEV)
    spec = sent.specs[0].replace(extra_vars=variables)
    store.commit(accept.start(sent, "message-1", spec, RouteState(key="1#site"), MORNING, lambda _: None))
    loaded = store.load(spec.rollout)
    assert loaded
    assert loaded[0].spec.extra_vars == variables
    assert type(loaded[0].spec.extra_vars["workers"]) is int


def test_options_are_loaded_as_they_were(store: DriftStore) -> None:
    options = RunOptions(
        vault=(VaultSecret(secret="v"), VaultSecret(secret="w", id="prod")),
        secrets={"a": SecretLocation(secret="s", key="k"), "b": SecretLocation(parameter="/p")},
        forks=5,
        environment={"A": ""},
    )
    sent = delivery(DEV)
    own = sent.specs[0].targets[0].replace(options=RunOptions(inventory=("x",)))
    spec = sent.specs[0].replace(options=options, targets=(own,))
    store.commit(accept.start(sent, "message-1", spec, RouteState(key="1#site"), MORNING, lambda _: None))
    loaded = store.load(spec.rollout)
    assert loaded
    assert loaded[0].spec == spec
    found = loaded[0].spec.settings_on(own).options
    assert found
    assert found.text() == (
        '{"environment":{"A":""},"forks":5,"inventory":["x"],'
        '"secrets":{"a":{"key":"k","secret":"s"},"b":{"parameter":"/p"}},'
        '"vault":[{"secret":"v"},{"id":"prod","secret":"w"}]}'
    )


def test_a_rollout_that_was_never_started_is_none(store: DriftStore) -> None:
    assert store.load(RolloutId("r-unknown")) is None


def test_every_attempt_is_loaded(store: DriftStore) -> None:
    rollout = started(store)
    store.commit(Transition(runs=(a_run(rollout, 1), a_run(rollout, 2))))
    loaded = store.load(rollout.id)
    assert loaded
    assert sorted(run.attempt for run in loaded[1]) == [1, 2]


def test_a_rollout_starts_once(store: DriftStore) -> None:
    started(store)
    with pytest.raises(Conflict):
        started(store)


def turn_of(rollout: Rollout, position: int) -> Turn:
    return Turn(
        rollout=rollout.id, number=3, position=position, target=target(f"dev/eu-west-{position}"), attempt=position + 1
    )


def test_the_run_of_a_build_comes_with_its_queue_and_the_first_turns(store: DriftStore) -> None:
    rollout = started(store)
    run = a_run(rollout)
    assert store.load_run_of_build(rollout.id, run.key, 2) is None
    store.commit(Transition(runs=(run,)))
    known = store.load_run_of_build(rollout.id, run.key, 2)
    stored = run.replace(version=1)
    assert known == RunOfBuild(rollout=rollout, run=stored, queue=TargetQueue(name=TargetName(DEV)))

    store.list_turns(rollout.id, [turn_of(rollout, number) for number in (10, 2, 9)])
    store.commit(Transition(queues=(TargetQueue(name=TargetName(DEV), holder=run.queue_entry),)))
    known = store.load_run_of_build(rollout.id, run.key, 2)
    assert known
    assert known.turns == (turn_of(rollout, 2), turn_of(rollout, 9))
    assert known.queue.holder == run.queue_entry
    assert store.load(rollout.id) == (rollout, (stored,))


def test_a_list_of_turns_replaces_the_one_before(store: DriftStore) -> None:
    rollout = started(store)
    run = a_run(rollout)
    store.commit(Transition(runs=(run,)))
    store.list_turns(rollout.id, [turn_of(rollout, number) for number in range(250)])
    store.list_turns(rollout.id, [turn_of(rollout, number) for number in range(120, 130)])
    known = store.load_run_of_build(rollout.id, run.key, 200)
    assert known
    assert [turn.position for turn in known.turns] == list(range(120, 130))


def test_a_turn_is_taken_in_the_transaction_of_its_run(store: DriftStore) -> None:
    rollout = started(store)
    run, turns = a_run(rollout), [turn_of(rollout, number) for number in (1, 2)]
    store.list_turns(rollout.id, turns)
    store.commit(Transition(runs=(run,), turns_taken=(turns[0],)))
    with pytest.raises(Conflict):
        store.commit(Transition(runs=(run,), turns_taken=(turns[1],)))
    store.commit(Transition(turns_taken=(turns[0],)))  # it is no longer there, and nothing depends on that
    known = store.load_run_of_build(rollout.id, run.key, 5)
    assert known
    assert known.turns == (turns[1],)


def test_a_record_that_another_writer_changed_is_not_written(store: DriftStore) -> None:
    rollout = started(store)
    store.commit(Transition(runs=(a_run(rollout),)))
    moved = a_run(rollout, version=1).replace(state=RunState.STARTING)
    store.commit(Transition(runs=(moved,)))
    with pytest.raises(Conflict):
        store.commit(Transition(runs=(moved,)))


def test_a_transition_is_all_or_nothing(store: DriftStore, trail: Trail) -> None:
    rollout = started(store)
    holder = QueueEntry(rollout=rollout.id, concurrency_group="site", attempt=1, ordering_time=MORNING)
    store.commit(Transition(queues=(TargetQueue(name=DEV, holder=holder),)))
    waited = RunWaited(at=MORNING, rollout=rollout.id, target=DEV, attempt=1, blocked_by="r-other")
    stale = Transition(runs=(a_run(rollout),), queues=(TargetQueue(name=DEV),), events=(waited,))
    with pytest.raises(Conflict):
        store.commit(stale)
    assert store.load(rollout.id) == (rollout, ())
    assert waited not in trail.of_partition(waited.partition)


def test_an_event_is_recorded_once_or_the_transition_fails(store: DriftStore, trail: Trail) -> None:
    rollout = started(store)
    waited = RunWaited(at=MORNING, rollout=rollout.id, target=DEV, attempt=1, blocked_by="r-other")
    assert trail.record(waited)
    with pytest.raises(Conflict):
        store.commit(Transition(runs=(a_run(rollout),), events=(waited,)))


def test_unused_queues_are_empty_and_others_as_stored(store: DriftStore) -> None:
    holder = QueueEntry(rollout=RolloutId("r-1"), concurrency_group="site", attempt=1, ordering_time=MORNING)
    queue = TargetQueue(name=DEV, holder=holder, waiting=(holder,), newest_applied={"site": MORNING})
    store.commit(Transition(queues=(queue,)))
    assert store.queues([DEV, "prod/eu-west-1"]) == {
        DEV: queue.replace(version=1),
        "prod/eu-west-1": TargetQueue(name="prod/eu-west-1"),
    }


def test_more_queues_than_one_batch_are_read(store: DriftStore) -> None:
    names = [f"dev/region-{number}" for number in range(130)]
    for name in names[::40]:
        store.commit(Transition(queues=(TargetQueue(name=name),)))
    queues = store.queues(names)
    assert list(queues) == names
    assert [name for name, queue in queues.items() if queue.version] == names[::40]


def test_open_rollouts_are_those_that_have_not_ended(store: DriftStore) -> None:
    ended = started(store, commit="a" * 40)
    still = started(store, commit="b" * 40)
    done = ended.replace(state=RolloutState.SUCCEEDED, ended_at=MORNING)
    store.commit(Transition(rollout=done))
    assert store.open_rollouts() == [still.id]


def test_a_queue_is_found_while_new_instances_wait_in_it(store: DriftStore) -> None:
    launches = (launch(1), launch(2))
    waiting = WaitingInstances(spec=instance_route(DEV).spec, launches=launches)
    good = LastGood(rollout=RolloutId("r-1"), repository="acme/infra", ordering_time=MORNING, acquired_at=MORNING)
    queue = TargetQueue(
        name=DEV,
        new_instances={"186853002#site": waiting},
        last_good={"186853002#site": good},
        launches={each.instance: each.launched_at for each in launches},
    )
    store.commit(Transition(queues=(queue, TargetQueue(name="dev/us-east-1"))))
    assert store.queues([DEV])[DEV] == queue.replace(version=1)
    assert store.queues_with_new_instances() == [DEV]
    assert store.open_rollouts() == []
    still = started(store)
    store.commit(Transition(queues=(queue.replace(version=1, new_instances={}),)))
    assert store.queues_with_new_instances() == []
    assert store.open_rollouts() == [still.id]


def test_the_sweeps_cursor_is_kept_until_its_end(store: DriftStore) -> None:
    assert store.sweep_cursor() is None
    store.keep_sweep_cursor(RolloutId("r-7"))
    assert store.sweep_cursor() == "r-7"
    store.keep_sweep_cursor(None)
    assert store.sweep_cursor() is None
    assert store.open_rollouts() == []


def test_a_rollout_that_another_version_wrote_is_unreadable_and_says_where(store: DriftStore) -> None:
    rollout = started(store)
    make_unreadable(store, rollout.id)
    with pytest.raises(Unreadable, match=rollout.id):
        store.load(rollout.id)


def make_unreadable(store: DriftStore, rollout: str) -> None:
    if isinstance(store, MemoryRollouts):
        store.unreadable.add(rollout)
        return
    boto3.client("dynamodb", region_name="us-east-1").update_item(
        TableName="rollouts",
        Key={"pk": {"S": f"ROLLOUT#{rollout}"}, "sk": {"S": "ROLLOUT"}},
        UpdateExpression="SET #data.#state = :other",
        ExpressionAttributeNames={"#data": "data", "#state": "state"},
        ExpressionAttributeValues={":other": {"S": "of a newer version"}},
    )


def a_drift(target_name: str = DEV, route: str = "site", version: int = 0) -> TargetDrift:
    return TargetDrift(
        target=TargetName(target_name),
        route_key=f"186853002#{route}",
        route=route,
        repository="acme/infra",
        requested_at=MORNING,
        hosts={"web-1": HostDrift(since=MORNING, found_by=RolloutId("r-1"), tasks=2, digest="0a1b")},
        unknown=DriftUnknown(since=MORNING, reason="ümläut", hosts=("web-2",)),
        version=version,
    )


def test_what_drifts_is_listed_by_target_and_route(store: DriftStore) -> None:
    drifts = [a_drift("prod/eu-west-1"), a_drift(route="other"), a_drift()]
    store.commit(Transition(drifts=tuple(drifts)))
    assert store.drifts() == [each.replace(version=1) for each in (drifts[1], drifts[2], drifts[0])]


def test_of_two_writers_of_a_drift_the_second_conflicts_and_its_event_is_not_recorded(
    store: DriftStore, trail: Trail
) -> None:
    store.commit(Transition(drifts=(a_drift(),)))
    store.commit(Transition(drifts=(a_drift(version=1),)))
    event = RunWaited(at=MORNING, rollout="r-1", target=DEV, attempt=1, blocked_by=RolloutId("r-2"))
    for version in (0, 1):
        with pytest.raises(Conflict):
            store.commit(Transition(drifts=(a_drift(version=version),), events=(event,)))
    assert trail.of_partition(event.partition) == []
    assert store.drifts() == [a_drift(version=2)]
