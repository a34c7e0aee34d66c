"""One local cloud with small stacks for all of these tests."""

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.support.localcloud import Worker, small_cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with small_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def worker(cloud: LocalCloud) -> Worker:
    return Worker(cloud)
