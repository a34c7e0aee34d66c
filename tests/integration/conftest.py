"""What several integration tests share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.world import MakeWorld, worlds_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(params=["memory", "dynamodb"])
def new_world(request: pytest.FixtureRequest) -> Iterator[MakeWorld]:
    """Makes empty worlds, on the twins or on tables."""
    with worlds_of(request.param) as worlds:
        yield worlds


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A browser, or the reason why there is none."""
    from tests.support.chromium import NoBrowserError  # noqa: PLC0415 - few tests need playwright
    from tests.support.console_browser import browser  # noqa: PLC0415

    try:
        with browser() as started:
            yield started
    except NoBrowserError as error:
        pytest.skip(str(error))
