"""What several integration tests share."""

from collections.abc import Iterator

import pytest

from tests.support.worlds import Worlds, worlds_of


@pytest.fixture(params=["memory", "dynamodb"])
def new_world(request: pytest.FixtureRequest) -> Iterator[Worlds]:
    """Makes empty worlds, on the twins or on tables."""
    with worlds_of(request.param) as worlds:
        yield worlds
