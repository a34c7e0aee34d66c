"""The stores of Slack messages, route statuses and stale messages: DynamoDB (on moto) and memory behave alike."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.adapters.slack_messages_memory import MemorySlackMessages
from pointsman.core.slack.alarm_event import read_alarm_event
from pointsman.core.slack.alarm_status import record_change
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RolloutOutcome, RouteStatus
from pointsman.core.slack.stale import MAX_STALE, StaleList, update_stale
from pointsman.errors import Conflict, Unavailable
from tests.support.alarms import alarm_event
from tests.support.rollouts import MORNING
from tests.support.tables import create_tables

type Store = MemorySlackMessages | DynamoSlackMessages

NEW = SlackMessageState(rollout="r-1", created_at=MORNING)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySlackMessages()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        yield DynamoSlackMessages(client, "rollouts")


def test_a_message_that_was_never_saved_is_none(store: Store) -> None:
    assert store.load("r-1") is None


def test_a_message_state_is_loaded_as_it_was_saved(store: Store) -> None:
    saved = store.save(NEW)
    assert saved == NEW.replace(version=1)
    assert store.load("r-1") == saved
    full = saved.replace(ts="1795420800.000001", digest="d", sending=True, sending_since=MORNING)
    assert store.load("r-1") != store.save(full)
    assert store.load("r-1") == full.replace(version=2)


def test_only_one_of_two_writers_may_create_a_state(store: Store) -> None:
    store.save(NEW)
    with pytest.raises(Conflict):
        store.save(NEW)


def test_a_state_that_another_writer_changed_is_not_overwritten(store: Store) -> None:
    first = store.save(NEW)
    store.save(first)
    with pytest.raises(Conflict):
        store.save(first)


def test_rollouts_are_separate(store: Store) -> None:
    store.save(NEW)
    assert store.load("r-2") is None


def test_a_note_is_separate_from_the_message_and_from_other_notes(store: Store) -> None:
    message = store.save(NEW)
    note = store.save(NEW.replace(note="failed#1", ts="1.2"))
    assert store.load("r-1") == message
    assert store.load("r-1", "failed#1") == note
    assert store.load("r-1", "failed#2") is None


def test_a_route_status_is_loaded_as_it_was_saved_and_is_not_overwritten(store: Store) -> None:
    outcome = RolloutOutcome(
        rollout="r-1",
        round=1,
        requested_at=MORNING,
        targets=("dev/eu-west-1",),
        commit="c",
        url="https://x",
        actor="hana",
    )
    assert store.load_route_status("k") is None
    status = RouteStatus(key="k", route="site", failure=outcome)
    store.save_route_status(status)
    assert store.load_route_status("k") == status.replace(version=1)
    assert store.load_route_status("other") is None
    with pytest.raises(Conflict):
        store.save_route_status(status)


def test_the_status_of_an_alarm_is_loaded_as_it_was_saved_and_is_not_overwritten(store: Store) -> None:
    change = read_alarm_event(alarm_event())
    assert store.load_alarm_status(change.key) is None
    record_change(store, change)
    record_change(store, read_alarm_event(alarm_event("OK", 5)))
    status = store.load_alarm_status(change.key)
    assert status
    assert (status.version, status.name, [each.state for each in status.episodes]) == (2, change.name, ["OK"])
    with pytest.raises(Conflict):
        store.save_alarm_status(status.replace(version=1))


def test_the_list_of_stale_messages_is_empty_at_first_and_then_as_saved(store: Store) -> None:
    assert store.load_stale() == StaleList()
    read = update_stale(store, store.load_stale(), ["r-1", "r-2"], [])
    update_stale(store, store.load_stale(), ["r-3", "r-1"], ["r-2"])
    assert read.rollouts == ("r-1", "r-2")
    assert store.load_stale() == StaleList(rollouts=("r-3", "r-1"), version=2)


def test_an_unchanged_list_is_not_written(store: Store) -> None:
    update_stale(store, store.load_stale(), [], ["r-1"])
    assert store.load_stale().version == 0


def test_a_list_that_another_writer_changed_is_not_overwritten(store: Store) -> None:
    for _ in range(2):
        read = store.load_stale()
        store.save_stale(read)
        with pytest.raises(Conflict):
            store.save_stale(read)


def test_a_full_list_drops_no_rollout(store: Store) -> None:
    names = [f"r-{number}" for number in range(MAX_STALE)]
    update_stale(store, store.load_stale(), names, [])
    with pytest.raises(Unavailable, match="full"):
        update_stale(store, store.load_stale(), ["r-new"], [])
    update_stale(store, store.load_stale(), ["r-new"], ["r-7"])
    assert store.load_stale().rollouts == (*names[:7], *names[8:], "r-new")


def test_a_rollout_that_another_writer_added_stays_on_the_list(store: Store) -> None:
    update_stale(store, store.load_stale(), ["r-1"], [])
    read = store.load_stale()
    update_stale(store, store.load_stale(), ["r-2", "r-1"], [])  # r-1 failed again, with a later event
    update_stale(store, read, ["r-3"], ["r-1"])
    assert store.load_stale().rollouts == ("r-2", "r-1", "r-3")
