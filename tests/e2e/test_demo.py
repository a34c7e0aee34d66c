"""`pointsman local demo`, as a user runs it: it ends by itself, leaves nothing running, and its exit status is true."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.errors import NotRunning
from localcloud.layout import CHECKOUT, STATES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

POINTSMAN = Path(sys.executable).with_name("pointsman")


def run_demo(**variables: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name != "POINTSMAN_ROUTES"}  # of the other tests' cloud
    return subprocess.run(
        [POINTSMAN, "local", "demo"],
        cwd=CHECKOUT,
        env=own | variables,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )


def nothing_runs() -> bool:
    try:
        LocalCloud.attach(STATES / "demo")
    except NotRunning:
        return True
    return False


def test_the_demo_shows_its_scenes_in_order_and_succeeds() -> None:
    done = run_demo()
    assert done.returncode == 0, done.stdout + done.stderr
    at = [done.stdout.index(f" ({letter}) ") for letter in "abcde"]
    assert at == sorted(at)
    for promise in (
        "Ansible changed 10 hosts",
        "DEV and the canary have the change, and nothing else",
        "Hana may not approve her own change",
        "in three waves: 5 targets of DEV, the canary, 4 targets of PROD",
        "still 10 builds, one per target",
        "web-prod-euc1 failed, and no other host",
        "the rollout halted: wave 2 failed: prod/eu-central-1 failed; 4 targets were not started",
        'the other 4 hosts of PROD still say "green on every track"',
        "HTTP 401",
    ):
        assert promise in done.stdout
    assert done.stdout.count("one message, edited") == 2
    assert nothing_runs()


def test_a_failed_build_ends_the_demo_with_the_reason_and_nothing_running(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("version: 1\naccounts: {dev: '222222222222'}\nregions: [us-east-1]\nroutes: [{name: site}]\n")
    done = run_demo(POINTSMAN_ROUTES=str(routes))
    assert done.returncode == 1
    assert "The demo failed" in done.stdout
    assert "repository" in done.stdout  # the error in the routes
    assert nothing_runs()
