"""What Slack shows of a rollout that no push asked for."""

from datetime import timedelta
from typing import Any

from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.slack.message import SlackMessage
from pointsman.core.trail.events import TrailEvent
from tests.support.events import DEV, ROLLOUT, ended_rollout, ended_run, started_rollout, started_run
from tests.support.rollouts import COMMIT
from tests.support.slack_rules import mentions, violations
from tests.support.slack_world import SlackWorld

REQUEST = RunRequest(
    id="q-3f2a9c0d1e2b4a56",
    trigger=Trigger.INSTANCE,
    actor="aws.ec2",
    reason="1 new instance came up: i-0a1b2c3d4e5f60718; commit 1f0b1f2 is the last that succeeded on dev/eu-west-1",
    instances=("i-0a1b2c3d4e5f60718",),
)


def text_of(message: SlackMessage) -> str:
    return f"{message.text} {message.blocks}"


def events(state: str) -> list[TrailEvent]:
    about: dict[str, Any] = {"request": REQUEST, "actor": REQUEST.actor}
    return [started_rollout(DEV, **about), started_run(DEV), ended_run(DEV, state), ended_rollout(state)]


def shown(state: str) -> SlackWorld:
    world = SlackWorld(seconds_left=600)
    world.record(*events(state))
    world.sync(ROLLOUT)
    return world


def test_the_message_says_why_it_ran_and_not_that_somebody_pushed() -> None:
    world = shown("succeeded")
    text = text_of(world.message)
    assert REQUEST.reason in text
    assert "by aws.ec2" in text
    assert "pushed by" not in text
    assert not violations(world.message)


def test_a_failure_has_a_note_that_mentions_nobody() -> None:
    world = shown("failed")
    _, note = world.note(f"{ROLLOUT} failed#1")
    assert "failed" in text_of(note)
    assert "hana" not in text_of(note)
    assert not mentions(note)


def test_a_success_on_one_instance_does_not_mean_that_the_route_is_fixed() -> None:
    world = SlackWorld(seconds_left=600)
    world.record(started_rollout(DEV), started_run(DEV), ended_run(DEV, "failed"), ended_rollout("failed"))
    world.sync(ROLLOUT)
    world.record(*(each.replace(rollout="r-new") for each in events("succeeded")))
    world.sync("r-new")
    assert world.notes == [f"{ROLLOUT} failed#1"]


SSO = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/hana@example.com"
BY_HAND = RunRequest(id="q-1", trigger=Trigger.PERSON, actor=SSO, reason="the disk is full again")
HANA = "AWSReservedSSO_AdministratorAccess_0123456789abcdef/hana@example.com"


def run_by_hand(state: str, **about: Any) -> list[TrailEvent]:
    start = started_rollout(DEV, request=BY_HAND, actor=SSO, **about)
    return [start, started_run(DEV), ended_run(DEV, state), ended_rollout(state)]


def test_a_run_by_hand_says_who_wanted_it_and_why() -> None:
    world = SlackWorld()
    world.record(*run_by_hand("failed"))
    world.sync()
    assert f"👤 run by `{HANA}`: `the disk is full again`" in text_of(world.message)
    _, note = world.note(f"{ROLLOUT} failed#1")
    for message in (world.message, note):
        assert f"by {HANA}" in message.text
        assert "arn:aws" not in text_of(message)
        assert not violations(message)
    assert f"by `{HANA}`" in text_of(note)


def test_who_fixed_a_route_by_hand_is_named_and_not_who_pushed_the_commit() -> None:
    world = SlackWorld()
    world.record(started_rollout(DEV), started_run(DEV), ended_run(DEV, "failed"), ended_rollout("failed"))
    world.sync()
    world.record(*(each.replace(rollout="r-new", at=each.at + timedelta(hours=1)) for each in run_by_hand("succeeded")))
    world.sync("r-new")
    _, note = world.note(f"{ROLLOUT} fixed#1")
    assert f"is fixed · <https://github.com/acme/infra/commit/{COMMIT}|{COMMIT[:7]}> by `{HANA}`" in text_of(note)
