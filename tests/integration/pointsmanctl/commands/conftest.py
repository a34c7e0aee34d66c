"""What tests of commands share: a stack on moto that every command finds."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from pointsmanctl.commands import audit, drift, erratum, status, why
from tests.support.deployed_stack import DeployedStack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeployedStack]:
    """A stack with empty tables."""
    with mock_aws():
        stack = DeployedStack()
        for command in (audit, drift, erratum, status, why):
            monkeypatch.setattr(command, "connect_stack", lambda *_: stack.connection)
        yield stack
