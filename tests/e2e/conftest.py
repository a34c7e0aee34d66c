"""One local cloud for every end-to-end test: the real templates deployed, IAM enforced, ten hosts."""

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from localcloud.layout import STATES
from pointsmanctl.demo.observer import Observer


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own, with everything deployed; ended at the end."""
    with LocalCloud.replacing(STATES / "e2e") as running:
        running.up()
        yield running


@pytest.fixture(scope="session")
def world(cloud: LocalCloud) -> Observer:
    """Short ways to push, wait and ask."""
    return Observer(cloud)
