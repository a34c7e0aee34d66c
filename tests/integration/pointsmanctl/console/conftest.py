"""A console over a morning's rollouts, made once: the tests only read. Those that change something make their own.

Not for the session: while moto is active, it does not empty its tables between the tests of others.
"""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pointsman.core.model import RolloutId
from tests.support.console_world import ConsoleWorld, console_world, tell_story


@pytest.fixture(scope="package")
def morning() -> Iterator[tuple[ConsoleWorld, dict[str, RolloutId]]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        with console_world() as made:
            yield made, tell_story(made)


@pytest.fixture
def told(morning: tuple[ConsoleWorld, dict[str, RolloutId]]) -> ConsoleWorld:
    return morning[0]


@pytest.fixture
def ids(morning: tuple[ConsoleWorld, dict[str, RolloutId]]) -> dict[str, RolloutId]:
    return morning[1]


@pytest.fixture
def client(told: ConsoleWorld) -> TestClient:
    return told.client()
