"""notify while Slack, its secret or a table is out of order: nothing is lost, and the schedule shows it afterwards."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.notify import handler
from pointsman.errors import Misconfigured, Unavailable
from tests.integration.functions.test_notify import World, slack_token, world_of
from tests.support.slack_server import TOKEN, Answer, slack_server
from tests.support.told import DEV, ROLLOUT, ended_run, started_rollout

SCHEDULED: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
DOWN = Answer(500, {"ok": False, "error": "internal_error"})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with mock_aws(), slack_server() as slack:
        yield world_of(slack, monkeypatch)


def aged(batch: dict[str, Any], **by: float) -> dict[str, Any]:
    """The batch, as the stream brings it later."""
    for record in batch["Records"]:
        record["dynamodb"]["ApproximateCreationDateTime"] -= timedelta(**by)
    return batch


def listed() -> tuple[str, ...]:
    return handler._messages().load_stale().rollouts


def test_what_slack_was_down_for_is_noted_and_shown_by_the_schedule(world: World) -> None:
    world.invoke(world.batch(started_rollout(DEV)))
    last = world.batch(ended_run(DEV))
    world.slack.faults = [DOWN]
    with pytest.raises(Unavailable, match=ROLLOUT):
        world.invoke(last)
    assert listed() == (ROLLOUT,)
    world.invoke(SCHEDULED)  # the stream never brings it again
    assert "succeeded" in world.said()
    assert listed() == ()


def test_a_batch_that_failed_for_long_is_left_to_the_list_and_holds_up_the_stream_no_more(world: World) -> None:
    batch = aged(world.batch(started_rollout(DEV)), minutes=11)
    world.slack.faults = [DOWN]
    world.invoke(batch)
    assert listed() == (ROLLOUT,)


def test_what_had_no_turn_in_a_busy_slack_is_noted_too(world: World) -> None:
    batch = world.batch(*(started_rollout(DEV, rollout=f"r-{number}") for number in range(3)))
    world.slack.faults = [None, Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "600"})]
    with pytest.raises(Unavailable):
        world.invoke(batch)
    assert listed() == ("r-1", "r-2")


def test_a_secret_that_is_missing_loses_no_rollout(world: World) -> None:
    secrets = boto3.client("secretsmanager")
    secrets.delete_secret(SecretId="pointsman/slack-token", ForceDeleteWithoutRecovery=True)
    with pytest.raises(Misconfigured):
        world.invoke(world.batch(started_rollout(DEV)))
    assert listed() == (ROLLOUT,)
    world.invoke(SCHEDULED)
    assert listed() == (ROLLOUT,)
    secrets.create_secret(Name="pointsman/slack-token", SecretString=TOKEN)
    world.invoke(SCHEDULED)
    assert len(world.slack.messages) == 1
    assert listed() == ()


def test_without_the_table_the_stream_brings_the_batch_again_however_old_it_is(world: World) -> None:
    batch = aged(world.batch(started_rollout(DEV)), hours=3)
    world.client.delete_table(TableName="rollouts")
    with pytest.raises(Misconfigured, match="ResourceNotFound"):
        world.invoke(batch)


def test_a_rollout_that_always_fails_keeps_no_other_from_being_shown(world: World) -> None:
    """It goes to the end of the list."""
    slack_token("xoxb-revoked")
    world.invoke(world.batch(*(started_rollout(DEV, rollout=f"r-{number}") for number in range(5))))
    slack_token(TOKEN)
    refusal = Answer(200, {"ok": False, "error": "msg_too_long"})
    world.slack.faults = [refusal, refusal, refusal]
    world.invoke(SCHEDULED)
    assert listed() == ("r-3", "r-4", "r-0", "r-1", "r-2")
    world.slack.faults = [None, None, refusal]
    world.invoke(SCHEDULED)
    assert listed() == ("r-0",)


def test_the_schedule_counts_what_is_left(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    slack_token("xoxb-revoked")
    world.invoke(world.batch(*(started_rollout(DEV, rollout=f"r-{number}") for number in range(5))))
    capsys.readouterr()
    world.invoke(SCHEDULED)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert json.loads(line)["MessagesStale"] == [5.0]
