"""The Postings port: DynamoDB (on moto) and the twin in memory keep the same promises."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.postings_dynamodb import DynamoPostings
from pointsman.adapters.postings_memory import MemoryPostings
from pointsman.core.slack_port import Posting, Postings
from pointsman.errors import Conflict
from tests.support.rollouts import MORNING
from tests.support.tables import create_tables

NEW = Posting(rollout="r-1", created_at=MORNING)


@pytest.fixture(params=["memory", "dynamodb"])
def postings(request: pytest.FixtureRequest) -> Iterator[Postings]:
    if request.param == "memory":
        yield MemoryPostings()
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_tables(client)
        yield DynamoPostings(client, "rollouts")


def test_what_was_never_shown_is_none(postings: Postings) -> None:
    assert postings.load("r-1") is None


def test_a_posting_is_loaded_as_it_was_saved(postings: Postings) -> None:
    saved = postings.save(NEW)
    assert saved == NEW.model_copy(update={"version": 1})
    assert postings.load("r-1") == saved
    full = saved.model_copy(
        update={"ts": "1795420800.000001", "digest": "d", "sending": True, "sending_since": MORNING}
    )
    assert postings.load("r-1") != postings.save(full)
    assert postings.load("r-1") == full.model_copy(update={"version": 2})


def test_only_one_of_two_may_claim_a_rollout(postings: Postings) -> None:
    postings.save(NEW)
    with pytest.raises(Conflict):
        postings.save(NEW)


def test_a_posting_that_has_moved_is_not_written(postings: Postings) -> None:
    first = postings.save(NEW)
    postings.save(first)
    with pytest.raises(Conflict):
        postings.save(first)


def test_rollouts_are_apart(postings: Postings) -> None:
    postings.save(NEW)
    assert postings.load("r-2") is None
