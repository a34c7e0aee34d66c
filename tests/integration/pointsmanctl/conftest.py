"""One emulator for all of these tests; each uses stack names of its own."""

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        running.start()
        yield running
