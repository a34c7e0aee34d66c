"""What several integration tests share."""

from collections.abc import Iterator

import pytest

from tests.support.world import MakeWorld, worlds_of


@pytest.fixture(params=["memory", "dynamodb"])
def new_world(request: pytest.FixtureRequest) -> Iterator[MakeWorld]:
    """Makes empty worlds, on the twins or on tables."""
    with worlds_of(request.param) as worlds:
        yield worlds
