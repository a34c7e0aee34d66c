"""A build's processes end with its container."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from localcloud.codebuild.container import kill_processes, processes_of
from localcloud.waiting import TIMEOUT_SECONDS, eventually

SECONDS = 60


def environment_of(build: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "CODEBUILD_BUILD_ID": build}


@pytest.fixture
def sleepers() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Processes of two builds, each in a session of its own; both have the name of the first in their arguments."""
    started = {
        build: subprocess.Popen(
            ["sleep", str(SECONDS)],
            env={"PATH": os.environ["PATH"], "CODEBUILD_BUILD_ID": build},
            start_new_session=True,
        )
        for build in ("pointsman:1", "pointsman:12")
    }
    yield started
    for process in started.values():
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def test_every_process_of_the_build_and_no_other_is_killed(sleepers: dict[str, subprocess.Popen[bytes]]) -> None:
    kill_processes("pointsman:1")
    assert sleepers["pointsman:1"].wait(SECONDS) == -9
    assert sleepers["pointsman:12"].poll() is None


def test_a_process_in_another_session_that_its_parent_left_is_killed() -> None:
    """As Ansible's workers are, when Ansible itself is gone."""
    subprocess.run(
        ["sh", "-c", f"setsid sleep {SECONDS} >/dev/null 2>&1 &"], env=environment_of("pointsman:2"), check=True
    )
    assert eventually(lambda: len(processes_of("pointsman:2")) == 1, TIMEOUT_SECONDS)
    kill_processes("pointsman:2")
    assert processes_of("pointsman:2") == []
