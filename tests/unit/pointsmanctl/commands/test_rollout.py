"""`pointsman rollout`: what it sends, what it prints, and its exit statuses."""

import json
from typing import Any

import pytest

from pointsman.core.rollouts.commands import forms
from pointsman.core.trail.events import read_event
from pointsmanctl import options
from pointsmanctl.commands.rollout import send
from pointsmanctl.errors import CommandError
from tests.support.command_line import run, usage_error
from tests.support.events import sample

ROLLOUT = "r-3f2a9c0d1e2b4a56"
EVENTS = {"cancel": "Cancelled", "hold": "Held", "reject": "Rejected", "resume": "Resumed", "retry": "Retried"}


@pytest.fixture(autouse=True)
def no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command needs to reach a stack here."""
    monkeypatch.setattr(options, "connect", lambda *_: None)
    monkeypatch.setattr(options, "running_local_cloud", lambda: None)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests that were sent; each is answered with the event of its kind."""
    requests: list[Any] = []

    def answer(_connection: object, request: Any) -> Any:
        requests.append(request)
        return read_event(sample(f"ours/Rollout{EVENTS[request.name]}.json"))

    monkeypatch.setattr("pointsmanctl.stack.commands.send_command", answer)
    return requests


def test_cancel_says_what_follows(sent: list[Any]) -> None:
    done = run("rollout", "cancel", ROLLOUT, "--reason", "wrong branch")
    assert done.exit_code == 0, done.output
    assert "nothing more starts, and its running builds are being stopped" in done.output
    [request] = sent
    assert (request.name, request.rollout, request.reason) == ("cancel", ROLLOUT, "wrong branch")


def test_each_command_has_an_id_of_its_own(sent: list[Any]) -> None:
    for _ in range(2):
        run("rollout", "cancel", ROLLOUT)
    assert len({request.id for request in sent}) == 2


def test_retry_names_the_targets_and_the_hosts(sent: list[Any]) -> None:
    done = run(
        "rollout", "retry", ROLLOUT, "--failed-hosts", "--target", "prod/eu-west-1", "--target", "prod/us-east-1"
    )
    assert done.exit_code == 0, done.output
    assert "prod/eu-west-1 (web-2), prod/us-east-1 (every host, because it is unknown which failed)" in done.output
    [request] = sent
    assert (request.targets, request.failed_hosts) == (("prod/eu-west-1", "prod/us-east-1"), True)


def test_programs_get_the_event(sent: list[Any]) -> None:
    done = run("rollout", "cancel", ROLLOUT, "-o", "json")
    assert [each["type"] for each in json.loads(done.stdout)] == ["RolloutCancelled"]


def test_a_refused_command_exits_with_1_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Any:
        raise CommandError("refused: the rollout has ended: succeeded")

    monkeypatch.setattr("pointsmanctl.stack.commands.send_command", refuse)
    done = run("rollout", "cancel", ROLLOUT)
    assert (done.exit_code, "the rollout has ended: succeeded" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("r-1",), "is not a rollout id"),
        ((ROLLOUT, "--reason", " "), "the value is empty"),
        ((ROLLOUT, "--reason", "x" * 501), "the reason has more than 500 characters"),
    ],
)
def test_wrong_options_are_usage_errors(words: tuple[str, ...], error: str) -> None:
    assert error in usage_error("rollout", "cancel", *words)


def test_the_command_and_the_function_take_reasons_of_the_same_length() -> None:
    assert send.REASON_LENGTH == forms.REASON_LENGTH


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (("hold", "--for", "90m"), {"seconds": 5400}),
        (("hold",), {"seconds": 86400}),
        (("resume",), {"override_freeze": False}),
        (("resume", "--override-freeze", "--reason", "fix"), {"override_freeze": True, "reason": "fix"}),
        (("reject", "--wave", "2"), {"wave": 2}),
        (("retry", "--override-freeze", "--reason", "fix"), {"override_freeze": True, "failed_hosts": False}),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_sent(sent: list[Any], words: tuple[str, ...], fields: dict[str, Any]) -> None:
    name, *rest = words
    done = run("rollout", name, ROLLOUT, *rest)
    assert done.exit_code == 0, done.output
    [request] = sent
    assert (request.name, request.rollout) == (name, ROLLOUT)
    assert {field: getattr(request, field) for field in fields} == fields


@pytest.mark.parametrize(
    ("duration", "error"),
    [("8d", "8d is not between 1m and 7d"), ("1 day", "'1 day' is not a duration"), ("0h", "'0h'")],
)
def test_a_hold_has_a_bound(duration: str, error: str) -> None:
    assert error in usage_error("rollout", "hold", ROLLOUT, "--for", duration)


def test_a_name_that_is_no_command_of_the_server_is_wrong_use(sent: list[Any]) -> None:
    done = run("run", "x" * 101)
    assert (done.exit_code, sent) == (2, [])
    assert "this is no valid command" in done.stderr
