"""The Trail port: DynamoDB (on moto) and the one in memory behave the same."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.ports import Trail
from pointsman.core.slack.summaries import PagedTrail
from pointsman.core.trail.events import read_event
from tests.support.events import DEV, EVENTS, PROD, host, reported, sample, started_rollout, started_run
from tests.support.tables import create_tables

SAMPLES = sorted(path.stem for path in (EVENTS / "ours").glob("*.json"))


@pytest.fixture(params=["memory", "dynamodb"])
def trail(request: pytest.FixtureRequest) -> Iterator[PagedTrail]:
    if request.param == "memory":
        yield MemoryTrail()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        yield DynamoTrail(client, "audit")


@pytest.mark.parametrize("name", SAMPLES)
def test_an_event_is_read_as_it_was_recorded(trail: Trail, name: str) -> None:
    event = read_event(sample(f"ours/{name}.json"))
    assert trail.record(event)
    assert trail.of_partition(event.partition) == [event]


def test_a_partition_is_read_in_pages_by_key(trail: PagedTrail) -> None:
    events = [started_rollout(DEV, PROD), *(host(DEV, f"web-{number:03d}") for number in range(250))]
    for event in events:
        assert trail.record(event)
    partition, found, after = events[0].partition, list[str](), ""
    while True:
        page, last = trail.page(partition, after)
        found += [event.key for event in page]
        if last is None:
            break
        after = last
    assert found == sorted(event.key for event in events)
    assert trail.page("ROLLOUT#r-unknown", "") == ([], None)


def test_an_event_is_recorded_once_and_never_overwritten(trail: Trail) -> None:
    assert trail.record(reported(DEV, at=3))
    assert not trail.record(reported(DEV, at=99))
    assert trail.of_partition(reported(DEV).partition) == [reported(DEV, at=3)]


def test_the_events_of_a_partition_come_by_time(trail: Trail) -> None:
    events = [host(DEV, at=40), started_run(DEV, at=2), started_rollout(DEV), reported(DEV, at=3)]
    for event in events:
        trail.record(event)
    assert [event.type for event in trail.of_partition(events[0].partition)] == [
        "RolloutStarted",
        "RunStarted",
        "BuildReported",
        "HostResultRecorded",
    ]


def test_partitions_are_apart(trail: Trail) -> None:
    other = started_rollout(PROD, rollout="r-other")
    trail.record(started_rollout(DEV))
    trail.record(other)
    assert trail.of_partition("ROLLOUT#r-other") == [other]
    assert trail.of_partition("ROLLOUT#r-nobody") == []


def test_a_partition_of_many_pages_is_complete(trail: Trail) -> None:
    diff = "+" + "x" * 150_000
    task = {"name": "t", "path": "p:1", "action": "a", "status": "changed", "diff": diff, "duration_seconds": 0.1}
    hosts = [host(DEV, f"web-{number:02d}", at=number, tasks=[task]) for number in range(12)]  # a page holds 1 MB
    for event in hosts:
        trail.record(event)
    assert trail.of_partition(hosts[0].partition) == hosts


def test_the_start_of_a_rollout_is_seen_as_soon_as_it_is_recorded() -> None:
    """audit_indexer asks for it at once, and would leave out the branch and the authors."""
    with mock_aws():
        client, requests = boto3.client("dynamodb"), list[dict[str, Any]]()
        create_tables(client)
        trail = DynamoTrail(client, "audit")
        start = started_rollout(DEV)
        assert trail.start_of_rollout(str(start.rollout)) is None
        assert trail.record(start)
        client.meta.events.register("provide-client-params.dynamodb", lambda params, **_: requests.append(params))
        assert trail.start_of_rollout(str(start.rollout)) == start
        [request] = requests
        assert request["RequestItems"]["audit"]["ConsistentRead"]
