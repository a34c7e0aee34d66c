"""One emulator for all of these tests; each uses stack names of its own."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from pointsmanctl.deployment import artifacts


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        running.start()
        yield running


@pytest.fixture
def real_sam() -> None:
    """For a template that refers to files: SAM CLI packages it."""


@pytest.fixture(autouse=True)
def quick_package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy templates that refer to no file instead of starting SAM CLI, which takes seconds."""
    if "real_sam" in request.fixturenames:
        return

    def copy(arguments: Sequence[str], directory: Path, variables: Mapping[str, str]) -> None:
        options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(options["--template-file"], options["--output-template-file"])

    monkeypatch.setattr(artifacts, "run_sam", copy)
