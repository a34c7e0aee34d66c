"""notify on moto: the audit table's stream, a Slack over HTTP, and its messages."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.notify import handler, report, wiring
from functions.notify.settings import NotifySettings
from pointsman.adapters.dynamodb import marshal
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import read_event
from pointsman.core.trail.item import to_item
from pointsman.errors import Misconfigured, Unavailable
from tests.support.alarms import alarm_event
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    after,
    ended_run,
    host,
    sample,
    started_rollout,
    started_run,
    task,
)
from tests.support.lambda_context import FakeContext
from tests.support.moto_server import call_moto
from tests.support.slack_server import CHANNEL, TOKEN, Answer, SlackServer, slack_server
from tests.support.world import TableWorld


class NotifyWorld(TableWorld):
    def __init__(self, slack: SlackServer) -> None:
        super().__init__()
        self.slack = slack
        self.streams = boto3.client("dynamodbstreams")
        stream = self.client.describe_table(TableName="audit")["Table"]["LatestStreamArn"]
        (shard,) = self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        self.cursor = self.streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def batch(self, *events: Event) -> dict[str, Any]:
        """Record `events` and return the batch that the stream then delivers."""
        for event in events:
            assert self.trail.record(event)
        response = self.streams.get_records(ShardIterator=self.cursor)
        self.cursor = response["NextShardIterator"]
        return {"Records": response["Records"]}

    def invoke(self, event: dict[str, Any], remaining: int = 120_000) -> None:
        handler.lambda_handler(event, FakeContext(remaining=remaining))

    def methods(self) -> list[str]:
        return [method for method, _ in self.slack.calls]

    def blocks(self) -> str:
        (message,) = self.slack.messages.values()
        return json.dumps(message["blocks"], ensure_ascii=False)


def world_of(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> NotifyWorld:
    """Set up notify inside mock_aws."""
    environment = {
        "AUDIT_TABLE": "audit",
        "ROLLOUTS_TABLE": "rollouts",
        "SLACK_SECRET_NAME": "pointsman/slack-token",
        "SLACK_CHANNEL": CHANNEL,
        "SLACK_API_URL": slack.url,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("secretsmanager").create_secret(Name="pointsman/slack-token", SecretString=f"{TOKEN}\n")
    call_moto(monkeypatch)
    monkeypatch.setattr(report.metrics, "namespace", "Pointsman")  # read from the environment at import
    wiring.forget()
    return NotifyWorld(slack)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[NotifyWorld]:
    with mock_aws(), slack_server() as slack:
        yield world_of(slack, monkeypatch)


def metrics_in(out: str) -> dict[str, Any]:
    (line,) = [line for line in out.splitlines() if "_aws" in line]
    metrics: dict[str, Any] = json.loads(line)
    return metrics


def test_a_batch_of_one_rollout_is_one_call_to_slack(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV, PROD), started_run(DEV), started_run(PROD), host(DEV)))
    assert world.methods() == ["chat.postMessage"]
    assert "1 host: 1 changed" in world.blocks()


def test_the_message_follows_the_rollout_to_its_end(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV, PROD)))
    world.invoke(world.batch(started_run(DEV)))
    world.invoke(world.batch(ended_run(DEV), ended_run(PROD, "refused", reason="AccessDenied", built=False)))
    assert world.methods() == ["chat.postMessage", "chat.update", "chat.update"]
    assert "refused" in world.blocks()
    assert "AccessDenied" in world.blocks()


def test_a_batch_that_is_delivered_twice_is_shown_once(world: NotifyWorld) -> None:
    batch = world.batch(started_rollout(DEV))
    for _ in range(3):
        world.invoke(batch)
    assert world.methods() == ["chat.postMessage"]


def test_every_rollout_of_a_batch_has_its_own_message(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV), started_rollout(DEV, rollout="r-other"), started_run(DEV)))
    rollouts = [message["metadata"]["event_payload"]["rollout"] for message in world.slack.messages.values()]
    assert rollouts == [ROLLOUT, "r-other"]


@pytest.mark.parametrize("name", ["DeliveryDecided", "EventRejected"])
def test_events_of_no_rollout_are_not_shown(world: NotifyWorld, name: str) -> None:
    world.invoke(world.batch(read_event(sample(f"ours/{name}.json"))))
    assert world.methods() == []


def test_a_rate_limit_is_waited_for(world: NotifyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    world.slack.faults = [Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "2"})]
    world.invoke(world.batch(started_rollout(DEV)))
    assert slept == [2]
    assert len(world.slack.messages) == 1


def test_after_a_rate_limit_longer_than_the_function_may_run_the_stream_retries(world: NotifyWorld) -> None:
    batch = world.batch(started_rollout(DEV), started_rollout(DEV, rollout="r-other"))
    world.slack.faults = [Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "110"})]
    with pytest.raises(Unavailable, match=ROLLOUT):
        world.invoke(batch)
    assert world.methods() == ["chat.postMessage"]  # the limit is for the whole channel: the other is not tried
    world.invoke(batch)
    assert len(world.slack.messages) == 2


def test_a_failure_of_slack_delays_no_other_rollout_and_the_stream_retries(world: NotifyWorld) -> None:
    batch = world.batch(started_rollout(DEV), started_rollout(DEV, rollout="r-other"))
    world.slack.faults = [Answer(500, {"ok": False, "error": "internal_error"})]
    with pytest.raises(Unavailable, match=ROLLOUT):
        world.invoke(batch)
    assert len(world.slack.messages) == 1


def test_a_refusal_is_logged_for_the_operator_and_not_retried(
    world: NotifyWorld, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.slack.faults = [Answer(200, {"ok": False, "error": "not_in_channel"})]
    capsys.readouterr()
    world.invoke(world.batch(started_rollout(DEV)))
    assert metrics_in(capsys.readouterr().out)["SlackRefused"] == [1.0]
    assert "invite the app" in caplog.text
    world.invoke(world.batch(started_run(DEV)))
    assert len(world.slack.messages) == 1


def test_a_missing_secret_is_named(world: NotifyWorld) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="pointsman/slack-token", ForceDeleteWithoutRecovery=True)
    with pytest.raises(Misconfigured, match=r"pointsman/slack-token.*ResourceNotFoundException"):
        world.invoke(world.batch(started_rollout(DEV)))


def test_a_replaced_token_is_used_at_once(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV)))
    secrets = boto3.client("secretsmanager")
    secrets.put_secret_value(SecretId="pointsman/slack-token", SecretString="xoxb-revoked")
    wiring.forget()
    world.invoke(world.batch(started_run(DEV)))  # refused: nothing is shown, nothing is retried
    secrets.put_secret_value(SecretId="pointsman/slack-token", SecretString=TOKEN)
    world.invoke(world.batch(ended_run(DEV)))
    assert "succeeded" in world.blocks()


def slack_token(text: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="pointsman/slack-token", SecretString=text)
    wiring.forget()


def test_a_rollout_that_ended_while_slack_refused_is_shown_after_the_next_accepted_message(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV)))
    slack_token("xoxb-revoked")
    world.invoke(world.batch(ended_run(DEV)))  # its last event
    assert "succeeded" not in world.blocks()
    slack_token(TOKEN)
    world.invoke(world.batch(started_rollout(DEV, rollout="r-other")))
    ended, other = world.slack.messages.values()
    assert "succeeded" in json.dumps(ended["blocks"])
    assert "starting" in json.dumps(other["blocks"])
    assert wiring.messages().load_stale().rollouts == ()


def test_a_message_that_slack_refuses_again_stays_on_the_list_and_delays_no_event(world: NotifyWorld) -> None:
    slack_token("xoxb-revoked")
    world.invoke(world.batch(started_rollout(DEV), started_rollout(DEV, rollout="r-other")))
    slack_token(TOKEN)
    refusal = Answer(200, {"ok": False, "error": "is_archived"})
    world.slack.faults = [None, refusal]
    world.invoke(world.batch(started_rollout(DEV, rollout="r-third")))
    assert wiring.messages().load_stale().rollouts == (ROLLOUT,)
    world.invoke(world.batch(started_rollout(DEV, rollout="r-fourth")))
    assert len(world.slack.messages) == 4
    assert wiring.messages().load_stale().rollouts == ()


def test_while_slack_refuses_the_list_is_not_tried(world: NotifyWorld) -> None:
    for number, rollout in enumerate(("r-first", "r-second", "r-third"), start=1):
        world.slack.faults = [Answer(200, {"ok": False, "error": "is_archived"})]
        world.invoke(world.batch(started_rollout(DEV, rollout=rollout)))
        assert len(world.methods()) == number
    assert wiring.messages().load_stale().rollouts == ("r-first", "r-second", "r-third")


@pytest.mark.parametrize("change", ["MODIFY", "REMOVE"])
def test_an_altered_item_of_the_trail_is_counted_and_logged_and_not_shown(
    world: NotifyWorld, change: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    batch = world.batch(started_rollout(DEV))
    (record,) = batch["Records"]
    capsys.readouterr()
    world.invoke({"Records": [record | {"eventName": change}]})
    assert metrics_in(capsys.readouterr().out)["TrailAltered"] == [1.0]
    assert world.methods() == []
    (line,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert line.__dict__["change"] == change
    assert line.__dict__["keys"] == {"pk": f"ROLLOUT#{ROLLOUT}", "sk": "RolloutStarted"}


def test_an_item_that_dynamodb_let_expire_is_no_alteration(
    world: NotifyWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = world.batch(started_rollout(DEV))["Records"]
    expiry = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    capsys.readouterr()
    world.invoke({"Records": [record | {"eventName": "REMOVE", "userIdentity": expiry}]})
    assert "TrailAltered" not in metrics_in(capsys.readouterr().out)


def test_the_token_is_never_logged(
    world: NotifyWorld, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    world.slack.faults = [Answer(200, {"ok": False, "error": "is_archived"})]
    world.invoke(world.batch(started_rollout(DEV)))
    assert "is_archived" in caplog.text
    assert TOKEN not in caplog.text + capsys.readouterr().out


def test_a_rollout_of_two_hundred_targets_is_within_slacks_limits(world: NotifyWorld) -> None:
    targets = [f"dev/region-{number}" for number in range(200)]
    world.invoke(world.batch(started_rollout(*targets), ended_run(targets[150], "failed", reason="BUILD FAILED")))
    (message,) = world.slack.messages.values()
    assert len(message["blocks"]) <= 50
    assert world.blocks().index("region-150") < world.blocks().index("region-0`")


def test_notify_writes_only_its_own_items(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV), started_run(DEV)))
    before = world.client.scan(TableName="audit")["Count"]
    items = world.client.scan(TableName="rollouts")["Items"]
    assert before == 2
    assert {item["pk"]["S"] for item in items} == {f"SLACK#{ROLLOUT}"}
    kinds = sorted(item["sk"]["S"].partition("#")[0] for item in items)
    assert kinds == ["MESSAGE", "PLACE", "SUMMARY", "TARGET"]


def test_what_an_erratum_took_out_of_the_trail_leaves_slack_too(world: NotifyWorld) -> None:
    """The stream has the item as it is now; the erratum itself has the message updated."""
    failed = host(DEV, status="failed", tasks=[task(status="failed", message="password hunter2")])
    world.invoke(world.batch(started_rollout(DEV), started_run(DEV), failed))
    assert "hunter2" in world.blocks()
    cleaned = host(DEV, status="failed", tasks=[task(status="failed", message="password ***")])
    world.client.put_item(TableName="audit", Item=marshal(to_item(cleaned)))
    erratum = ErratumRecorded(
        at=after(90),
        rollout=ROLLOUT,
        erratum="e-1",
        reason="a secret",
        item_partition=failed.partition,
        item_key=failed.key,
        fields=("tasks.0.message",),
        sha256_before="0" * 64,
        sha256_after="1" * 64,
    )
    world.invoke(world.batch(erratum))
    assert "hunter2" not in world.blocks()


def test_an_update_reads_only_what_is_new(world: NotifyWorld) -> None:
    world.invoke(world.batch(started_rollout(DEV, PROD), started_run(DEV)))
    read: list[str] = []
    client: Any = wiring._dynamodb()
    client.meta.events.register(
        "before-parameter-build.dynamodb", lambda params, **_: read.append(str(params.get("TableName")))
    )
    world.invoke(world.batch(host(DEV), ended_run(DEV)))
    assert "audit" not in read
    assert "1 host: 1 changed" in world.blocks()


def test_every_missing_setting_is_named_at_once_and_the_url_is_slacks() -> None:
    with pytest.raises(Misconfigured, match=r"AUDIT_TABLE.*ROLLOUTS_TABLE.*SLACK_SECRET_NAME.*SLACK_CHANNEL"):
        NotifySettings.from_environment({})
    assert NotifySettings("a", "r", "s", "C0123").slack_api_url == "https://slack.com/api/"


def test_an_alarm_is_shown_and_its_end_updates_the_message(world: NotifyWorld) -> None:
    world.invoke(alarm_event())
    assert "fires" in world.blocks()
    world.invoke(alarm_event("OK", 3))
    assert "is over after 3m 00s" in world.blocks()


def test_an_alarm_that_fires_again_before_its_end_is_reported_notifies_again(world: NotifyWorld) -> None:
    world.invoke(alarm_event())
    world.invoke(alarm_event("ALARM", 60, previous_minutes=10))
    assert [message["text"].partition("BuildStates ")[2] for message in world.slack.messages.values()] == [
        "is over after 10m 00s",
        "fires",
    ]


def test_an_alarm_that_slack_does_not_take_is_shown_by_the_schedule(world: NotifyWorld) -> None:
    world.slack.faults = [Answer(200, {"ok": False, "error": "is_archived"})]
    world.invoke(alarm_event())
    assert not world.slack.messages
    world.invoke(sample("aws/eventbridge-scheduled.json"))
    assert "pointsman-worker/BuildStates" in world.blocks()
    assert wiring.messages().load_stale().rollouts == ()
