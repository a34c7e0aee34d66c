"""The Postings and StaleStore ports: DynamoDB (on moto) and the twin in memory keep the same promises."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.slack_messages_dynamodb import DynamoSlackMessages
from pointsman.adapters.slack_messages_memory import MemorySlackMessages
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RolloutOutcome, RouteStatus
from pointsman.core.slack.stale import MOST_KEPT, Stale, note
from pointsman.errors import Conflict, Unavailable
from tests.support.rollouts import MORNING
from tests.support.tables import create_tables

type Store = MemorySlackMessages | DynamoSlackMessages

NEW = SlackMessageState(rollout="r-1", created_at=MORNING)


@pytest.fixture(params=["memory", "dynamodb"])
def postings(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySlackMessages()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        yield DynamoSlackMessages(client, "rollouts")


def test_what_was_never_shown_is_none(postings: Store) -> None:
    assert postings.load("r-1") is None


def test_a_posting_is_loaded_as_it_was_saved(postings: Store) -> None:
    saved = postings.save(NEW)
    assert saved == NEW.model_copy(update={"version": 1})
    assert postings.load("r-1") == saved
    full = saved.model_copy(
        update={"ts": "1795420800.000001", "digest": "d", "sending": True, "sending_since": MORNING}
    )
    assert postings.load("r-1") != postings.save(full)
    assert postings.load("r-1") == full.model_copy(update={"version": 2})


def test_only_one_of_two_may_claim_a_rollout(postings: Store) -> None:
    postings.save(NEW)
    with pytest.raises(Conflict):
        postings.save(NEW)


def test_a_posting_that_has_moved_is_not_written(postings: Store) -> None:
    first = postings.save(NEW)
    postings.save(first)
    with pytest.raises(Conflict):
        postings.save(first)


def test_rollouts_are_apart(postings: Store) -> None:
    postings.save(NEW)
    assert postings.load("r-2") is None


def test_a_note_is_apart_from_the_message_and_from_other_notes(postings: Store) -> None:
    message = postings.save(NEW)
    note = postings.save(NEW.model_copy(update={"note": "failed#1", "ts": "1.2"}))
    assert postings.load("r-1") == message
    assert postings.load("r-1", "failed#1") == note
    assert postings.load("r-1", "failed#2") is None


def test_a_standing_is_loaded_as_it_was_saved_and_only_over_the_version_that_was_read(postings: Store) -> None:
    outcome = RolloutOutcome(
        rollout="r-1",
        round=1,
        requested_at=MORNING,
        targets=("dev/eu-west-1",),
        commit="c",
        url="https://x",
        actor="hana",
    )
    assert postings.load_route_status("k") is None
    standing = RouteStatus(key="k", route="site", failure=outcome)
    postings.save_route_status(standing)
    assert postings.load_route_status("k") == standing.model_copy(update={"version": 1})
    assert postings.load_route_status("other") is None
    with pytest.raises(Conflict):
        postings.save_route_status(standing)


def test_the_list_of_stale_messages_is_empty_at_first_and_kept_as_noted(postings: Store) -> None:
    assert postings.load_stale() == Stale()
    read = note(postings, postings.load_stale(), ["r-1", "r-2"], [])
    note(postings, postings.load_stale(), ["r-3", "r-1"], ["r-2"])
    assert read.rollouts == ("r-1", "r-2")
    assert postings.load_stale() == Stale(rollouts=("r-3", "r-1"), version=2)


def test_a_list_that_stays_as_it_is_is_not_written(postings: Store) -> None:
    note(postings, postings.load_stale(), [], ["r-1"])
    assert postings.load_stale().version == 0


def test_a_list_that_has_moved_is_not_written(postings: Store) -> None:
    for _ in range(2):
        read = postings.load_stale()
        postings.save_stale(read)
        with pytest.raises(Conflict):
            postings.save_stale(read)


def test_the_list_drops_none_when_it_is_full(postings: Store) -> None:
    names = [f"r-{number}" for number in range(MOST_KEPT)]
    note(postings, postings.load_stale(), names, [])
    with pytest.raises(Unavailable, match="full"):
        note(postings, postings.load_stale(), ["r-new"], [])
    note(postings, postings.load_stale(), ["r-new"], ["r-7"])
    assert postings.load_stale().rollouts == (*names[:7], *names[8:], "r-new")


def test_what_another_noted_meanwhile_is_not_taken_off_the_list(postings: Store) -> None:
    note(postings, postings.load_stale(), ["r-1"], [])
    read = postings.load_stale()
    note(postings, postings.load_stale(), ["r-2", "r-1"], [])  # r-1 failed again, with a later event
    note(postings, read, ["r-3"], ["r-1"])
    assert postings.load_stale().rollouts == ("r-2", "r-1", "r-3")
