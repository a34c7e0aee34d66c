"""Alarms of any account and region, under IAM enforcement: in Slack, and on the control stack's topic."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsmanctl.demo.observer import Observer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

REGION = "ca-central-1"
WORKER_ALARM = "pointsman-worker/BuildStates"


@pytest.fixture(scope="module")
def published(world: Observer) -> "Subscriber":
    return Subscriber(world.cloud)


class Subscriber:
    """A queue that is subscribed to the alarm topic."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._sqs = cloud.client("sqs")
        self._url = self._sqs.create_queue(QueueName="alarms-of-this-test")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = cloud.record.outputs["AlarmTopic"]
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        statement = allow | {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self.texts: list[str] = []

    def has(self, *parts: str) -> None:
        """Wait for a message with all these texts."""

        def arrived() -> bool:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            self.texts += [json.loads(each["Body"])["Message"] for each in answer.get("Messages", [])]
            return any(all(part in text for part in parts) for text in self.texts)

        wait_until(arrived, TIMEOUT_SECONDS, f"no message with {parts} on the topic")


def set_state(cloudwatch: Any, alarm: str, state: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason='a test says "so" <!channel>')


@contextmanager
def firing(cloudwatch: Any, alarm: str) -> Iterator[None]:
    set_state(cloudwatch, alarm, "ALARM")
    try:
        yield
    finally:
        set_state(cloudwatch, alarm, "OK")


def messages(cloud: LocalCloud, *parts: str) -> list[dict[str, Any]]:
    """The channel's messages with all these texts."""
    found: list[dict[str, Any]] = cloud.slack.channel()["messages"]
    return [each for each in found if all(part in json.dumps(each, ensure_ascii=False) for part in parts)]


def shown(cloud: LocalCloud, *parts: str) -> dict[str, Any]:
    """Wait for a message with all these texts."""
    return wait_until(lambda: messages(cloud, *parts), TIMEOUT_SECONDS, f"Slack has no message with {parts}")[-1]


def test_an_alarm_of_a_workers_region_is_in_slack_and_on_the_topic(world: Observer, published: Subscriber) -> None:
    cloudwatch = world.cloud.client("cloudwatch", "prod", REGION)
    with firing(cloudwatch, WORKER_ALARM):
        fired = shown(world.cloud, f"🚨 `{WORKER_ALARM}` fires", "333333333333", REGION)
        published.has(f"ALARM: {WORKER_ALARM} in account 333333333333, {REGION}", "prod/ca-central-1")
    over = shown(world.cloud, f"✅ `{WORKER_ALARM}` is over", "333333333333", REGION)
    assert over["ts"] == fired["ts"]  # one message, updated
    assert "<!channel>" not in json.dumps(fired)


def test_an_alarm_of_the_control_stack_is_in_slack_and_on_the_topic(world: Observer, published: Subscriber) -> None:
    with firing(world.cloud.client("cloudwatch"), "pointsman/DecisionsHeld"):
        shown(world.cloud, "🚨 `pointsman/DecisionsHeld` fires", "Redeliver the push or push again.")
        published.has("pointsman/DecisionsHeld", "ALARM")


def test_an_alarm_about_slack_is_on_the_topic_alone(world: Observer, published: Subscriber) -> None:
    cloudwatch = world.cloud.client("cloudwatch")
    with firing(cloudwatch, "pointsman/SlackRefused"), firing(cloudwatch, "pointsman/SweepsCutShort"):
        published.has("pointsman/SlackRefused", "ALARM")
        shown(world.cloud, "`pointsman/SweepsCutShort` fires")  # it came later
        assert messages(world.cloud, "pointsman/SlackRefused") == []
