"""One local cloud for every end-to-end test: the real templates deployed, IAM enforced, ten hosts."""

import contextlib
import shutil
from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud, NotRunning
from localcloud.layout import CHECKOUT
from pointsmanctl.demo.observer import Observer


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own, with everything deployed; ended and removed at the end."""
    state = CHECKOUT / ".localcloud" / "e2e"
    with contextlib.suppress(NotRunning):
        LocalCloud.attach(state).stop()
    shutil.rmtree(state, ignore_errors=True)
    with LocalCloud(state) as running:
        running.up()
        yield running


@pytest.fixture(scope="session")
def world(cloud: LocalCloud) -> Observer:
    """Short ways to push, wait and ask."""
    return Observer(cloud)
