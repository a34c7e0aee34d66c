"""notify while Slack, its secret or a table is down: nothing is lost, and the schedule shows it afterwards."""

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.notify import handler, wiring
from pointsman.errors import Misconfigured, Unavailable
from tests.integration.functions.test_notify import NotifyWorld, slack_token, world_of
from tests.support.events import DEV, ROLLOUT, ended_run, started_rollout
from tests.support.slack_server import TOKEN, Answer, slack_server

SCHEDULED: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
DOWN = Answer(500, {"ok": False, "error": "internal_error"})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifyWorld]:
    """A world in which nobody waits for a post of another invocation that may still be under way."""
    monkeypatch.setattr(handler, "time", SimpleNamespace(sleep=lambda _: None))
    with mock_aws(), slack_server() as slack:
        yield world_of(slack, monkeypatch)


def aged(batch: dict[str, Any], **by: float) -> dict[str, Any]:
    """Make the batch older."""
    for record in batch["Records"]:
        record["dynamodb"]["ApproximateCreationDateTime"] -= timedelta(**by)
    return batch


def stale_rollouts() -> tuple[str, ...]:
    return wiring.messages().load_stale().rollouts


def test_a_message_that_failed_is_listed_and_shown_by_the_schedule(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV)))
    last = world.batch(ended_run(DEV))
    world.slack.faults = [DOWN]
    with pytest.raises(Unavailable, match=ROLLOUT):
        world.invoke(last)
    assert stale_rollouts() == (ROLLOUT,)
    world.invoke(SCHEDULED)  # although the stream never retries
    assert "succeeded" in world.blocks()
    assert stale_rollouts() == ()


def test_an_old_batch_is_left_to_the_list_and_delays_the_stream_no_more(world: NotifyWorld) -> None:
    batch = aged(world.batch(started_rollout(DEV)), minutes=11)
    world.slack.faults = [DOWN]
    world.invoke(batch)
    assert stale_rollouts() == (ROLLOUT,)


def test_the_age_of_a_batch_is_read_as_lambda_writes_it(world: NotifyWorld) -> None:
    """In seconds, and the oldest record counts."""
    batch = world.batch(started_rollout(DEV), ended_run(DEV))
    first, second = (record["dynamodb"] for record in batch["Records"])
    for age, retried in ((9 * 60, True), (11 * 60, False)):
        first["ApproximateCreationDateTime"] = time.time() - age
        second["ApproximateCreationDateTime"] = time.time()
        world.slack.faults = [DOWN]
        with pytest.raises(Unavailable) if retried else nullcontext():
            world.invoke(batch)


def test_rollouts_that_a_busy_slack_left_out_are_listed_too(world: NotifyWorld) -> None:
    batch = world.batch(*(started_rollout(DEV, rollout=f"r-{number}") for number in range(3)))
    world.slack.faults = [None, Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "600"})]
    with pytest.raises(Unavailable):
        world.invoke(batch)
    assert stale_rollouts() == ("r-1", "r-2")


def test_a_missing_secret_loses_no_rollout(world: NotifyWorld) -> None:
    secrets = boto3.client("secretsmanager")
    secrets.delete_secret(SecretId="pointsman/slack-token", ForceDeleteWithoutRecovery=True)
    with pytest.raises(Misconfigured):
        world.invoke(world.batch(started_rollout(DEV)))
    assert stale_rollouts() == (ROLLOUT,)
    world.invoke(SCHEDULED)
    assert stale_rollouts() == (ROLLOUT,)
    secrets.create_secret(Name="pointsman/slack-token", SecretString=TOKEN)
    world.invoke(SCHEDULED)
    assert len(world.slack.messages) == 1
    assert stale_rollouts() == ()


def test_without_the_table_the_stream_retries_a_batch_of_any_age(world: NotifyWorld) -> None:
    batch = aged(world.batch(started_rollout(DEV)), hours=3)
    world.client.delete_table(TableName="rollouts")
    with pytest.raises(Misconfigured, match="ResourceNotFound"):
        world.invoke(batch)


def test_a_rollout_that_always_fails_delays_no_other(world: NotifyWorld) -> None:
    """It goes to the end of the list."""
    slack_token("xoxb-revoked")
    world.invoke(world.batch(*(started_rollout(DEV, rollout=f"r-{number}") for number in range(5))))
    slack_token(TOKEN)
    refusal = Answer(200, {"ok": False, "error": "msg_too_long"})
    world.slack.faults = [refusal, refusal, refusal]
    world.invoke(SCHEDULED)
    assert stale_rollouts() == ("r-3", "r-4", "r-0", "r-1", "r-2")
    world.slack.faults = [None, None, refusal]
    world.invoke(SCHEDULED)
    assert stale_rollouts() == ("r-0",)


def test_the_schedule_counts_the_messages_that_are_still_stale(
    world: NotifyWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    slack_token("xoxb-revoked")
    world.invoke(world.batch(*(started_rollout(DEV, rollout=f"r-{number}") for number in range(5))))
    capsys.readouterr()
    world.invoke(SCHEDULED)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert json.loads(line)["MessagesStale"] == [5.0]
