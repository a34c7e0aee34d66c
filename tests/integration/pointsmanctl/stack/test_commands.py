"""A command is sent to the control stack's API over HTTP, signed, and sent again only with the same id."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest

from pointsman.core.cancellation import CommandId
from pointsman.core.model import RolloutId
from pointsman.core.rollouts.commands.forms import Cancel
from pointsman.core.trail.command_events import RolloutCancelled
from pointsman.errors import Unavailable
from pointsmanctl.errors import CloudUnavailable, CommandError, NotFound
from pointsmanctl.stack.commands import send_command
from pointsmanctl.stack.connection import Connection
from tests.support.events import sample
from tests.support.http_server import Call, Reply, serving

REQUEST = Cancel(id=CommandId("0b9c2f6e-5a41"), rollout=RolloutId("r-3f2a9c0d1e2b4a56"), reason="wrong")
CANCELLED = sample("ours/RolloutCancelled.json")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsmanctl.stack.commands.PAUSES", (0.0, 0.0))


@contextmanager
def stack(*replies: tuple[int, object]) -> Iterator[tuple[Connection, list[Call]]]:
    """A control stack that gives these answers in turn, the last one for ever, and the calls that it gets."""
    calls: list[Call] = []

    def serve(call: Call) -> Reply:
        calls.append(call)
        status, body = replies[min(len(calls), len(replies)) - 1]
        return Reply(status, json.dumps(body).encode())

    with serving(serve) as url:
        session = boto3.Session("AKIAEXAMPLE", "secret", "token", region_name="eu-central-1")
        yield Connection(session, None, {"CommandsUrl": f"{url}/commands"}), calls


def test_a_command_is_signed_with_the_callers_credentials() -> None:
    with stack((200, CANCELLED)) as (connection, calls):
        event = send_command(connection, REQUEST)
    assert isinstance(event, RolloutCancelled)
    [call] = calls
    assert (call.method, call.target, json.loads(call.body)) == ("POST", "/commands", REQUEST.to_dict())
    assert "AKIAEXAMPLE/" in call.headers["authorization"]
    assert "/eu-central-1/execute-api/aws4_request" in call.headers["authorization"]
    assert call.headers["x-amz-security-token"] == "token"


def test_a_command_without_an_answer_is_sent_again_with_the_same_id() -> None:
    with stack((503, {"error": "try again"}), (200, CANCELLED)) as (connection, calls):
        assert isinstance(send_command(connection, REQUEST), RolloutCancelled)
    assert [json.loads(call.body)["id"] for call in calls] == [REQUEST.id] * 2


def test_after_three_calls_without_an_answer_the_effect_is_unknown() -> None:
    answer = (503, {"message": "Service Unavailable"})
    with stack(answer) as (connection, calls), pytest.raises(Unavailable, match="not answered: Service Unavailable"):
        send_command(connection, REQUEST)
    assert len(calls) == 3


def test_a_stack_that_cannot_be_reached_is_unavailable() -> None:
    with stack((200, CANCELLED)) as (connection, _):
        pass
    with pytest.raises(Unavailable, match="it is unknown what happened"):
        send_command(connection, REQUEST)


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (409, sample("ours/CommandRefused.json"), CommandError, "refused: the rollout has ended: succeeded"),
        (404, {"error": "rollout r-1 does not exist"}, NotFound, "does not exist"),
        (403, {"message": "Forbidden"}, CloudUnavailable, "execute-api:Invoke"),
        (400, {"error": "the command cannot be read"}, CommandError, "does not understand the command"),
        (200, {"type": "RolloutFrozen"}, CommandError, "another version of Pointsman answered"),
        (200, sample("ours/RolloutEnded.json"), CommandError, "another version of Pointsman answered: RolloutEnded"),
        (200, [], CommandError, "another version of Pointsman answered"),
    ],
)
def test_every_other_answer_is_an_error_that_says_what_to_do(
    status: int, body: object, error: type[Exception], message: str
) -> None:
    with stack((status, body)) as (connection, calls), pytest.raises(error, match=message):
        send_command(connection, REQUEST)
    assert len(calls) == 1


def test_a_stack_of_an_earlier_version_has_no_url_for_commands() -> None:
    with pytest.raises(CloudUnavailable, match="pointsman deploy"):
        send_command(Connection(boto3.Session("key", "secret", region_name="eu-central-1"), None, {}), REQUEST)
