"""A rollout that an earlier version stored, with its targets in its own item and without marks of open runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.core.model import RolloutId, RolloutState, RunState
from pointsman.errors import Unreadable
from tests.support.commands import People
from tests.support.rollouts import delivery
from tests.support.world import DEV, PROD, ROLLOUTS, TableWorld


@pytest.fixture
def world() -> Iterator[TableWorld]:
    with mock_aws():
        yield TableWorld()


def items(world: TableWorld, rollout: RolloutId) -> list[dict[str, Any]]:
    found = world.client.query(
        TableName=ROLLOUTS,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=marshal({":pk": f"ROLLOUT#{rollout}"}),
    )["Items"]
    return [unmarshal(item) for item in found]


def delete(world: TableWorld, item: dict[str, Any]) -> None:
    world.client.delete_item(TableName=ROLLOUTS, Key=marshal({"pk": item["pk"], "sk": item["sk"]}))


def stored_as_before(world: TableWorld, rollout: RolloutId) -> None:
    """Give the items of a rollout their former layout."""
    stored = {item["sk"].partition("#")[0]: item for item in items(world, rollout)}
    head = stored["ROLLOUT"]
    head["data"]["spec"]["targets"] = stored["TARGETS"]["data"]
    del head["targets_parts"]
    world.client.put_item(TableName=ROLLOUTS, Item=marshal(head))
    for item in items(world, rollout):
        if item["sk"].startswith(("TARGETS#", "OPEN#")):
            delete(world, item)


def test_it_keeps_its_targets_when_it_is_written_again(world: TableWorld) -> None:
    rollout = world.push(delivery(DEV, PROD))
    stored_as_before(world, rollout)
    people = People(world)
    people.waits = True
    people.cancel(rollout)
    world.new_engine().reconcile([rollout])

    assert [target.name for target in world.rollout(rollout).spec.targets] == [DEV, PROD]
    assert len(world.builds.stopped) == 2
    for name in (DEV, PROD):
        world.finish(rollout, name, RunState.STOPPED)
    assert world.rollout(rollout).state is RolloutState.CANCELLED


def test_its_builds_end_as_ever(world: TableWorld) -> None:
    rollout = world.push(delivery(DEV, PROD))
    stored_as_before(world, rollout)
    for name in (DEV, PROD):
        world.finish(rollout, name)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_a_rollout_whose_targets_are_gone_cannot_be_read(world: TableWorld) -> None:
    rollout = world.push(delivery(DEV, PROD))
    for item in items(world, rollout):
        if item["sk"].startswith("TARGETS#"):
            delete(world, item)
    with pytest.raises(Unreadable, match="1 items with its targets are missing"):
        world.store.load(rollout)
