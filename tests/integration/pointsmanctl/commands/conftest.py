"""What tests of commands share: a stack on moto that every command finds, and a command_receiver in this process."""

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

from pointsman.core.rollouts.commands.forms import AnyCommand
from pointsman.core.trail.command_events import CommandEvent, CommandRefused
from pointsman.errors import Rejected
from pointsmanctl import options
from pointsmanctl.stack import commands
from tests.support.commands import HANA, People
from tests.support.deployed_stack import DeployedStack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeployedStack]:
    """A stack with empty tables."""
    with mock_aws():
        stack = DeployedStack()
        monkeypatch.setattr(options, "connect", lambda *_: stack.connection)
        monkeypatch.setattr(options, "running_local_cloud", lambda: None)
        yield stack


class CommandReceiver:
    """Takes commands as the deployed function does, from `caller`; start_build follows at once."""

    def __init__(self, stack: DeployedStack) -> None:
        self.people, self.caller = People(stack), HANA
        self.taken: list[AnyCommand] = []

    def send(self, _connection: object, form: AnyCommand) -> CommandEvent:
        self.taken.append(form)
        try:
            event = self.people.service.execute(form, self.caller)
        except Rejected as rejection:
            return commands._event_in(rejection.status, json.dumps({"error": rejection.reason}).encode())
        self.people.run_start_build()
        return commands._event_in(409 if isinstance(event, CommandRefused) else 200, event.to_json().encode())


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, stack: DeployedStack) -> CommandReceiver:
    """The command_receiver of the stack."""
    receiver = CommandReceiver(stack)
    monkeypatch.setattr(commands, "_send", receiver.send)
    return receiver
