"""The site on a whole Debian, by SSH: packages, kernel settings and services for real."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import debian_system
from tests.support.ansible_runs import Build, FakeBus

REASON = debian_system.reason_to_skip()
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]

SETTINGS = ("net/ipv4/tcp_keepalive_time", "net/core/somaxconn")


def _kernel_settings() -> list[str]:
    return [Path("/proc/sys", setting).read_text() for setting in SETTINGS]


def _mounts(*below: Path) -> list[str]:
    """What is mounted below these directories: others on this machine may mount and unmount what they like."""
    points = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted(str(point) for point in points if any(point.is_relative_to(directory) for directory in below))


class Site:
    """A build that reaches the system, in whose network no bus can be reached: its results are sent afterwards."""

    def __init__(self, system: debian_system.System, build: Build) -> None:
        self.system = system
        self.build = build

    def run(self, **variables: str) -> dict[str, Any]:
        done = self.build.run("run-playbook", variables, self.system.outside())
        self.status, self.output = done.returncode, done.stdout + done.stderr
        with FakeBus() as bus:
            sent = self.build.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url})
        assert sent.returncode == 0, self.output + sent.stderr
        [outcome] = bus.results
        return outcome

    def health(self) -> str:
        """What the application answers, in the system's network."""
        program = (
            "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/health', timeout=60).read().decode())"
        )
        command = self.system.outside(sys.executable, "-c", program)
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("debian")
    ours = (directory, Path(__file__).resolve().parents[2])
    settings, mounts = _kernel_settings(), _mounts(*ours)
    with debian_system.booted(directory) as system:
        build = Build.new(directory, POINTSMAN_OPTIONS='{"inventory": ["inventory/debian.yml"]}')
        build.write("inventory/debian.yml", system.inventory)
        yield Site(system, build)
    assert _kernel_settings() == settings
    assert _mounts(*ours) == mounts
    assert not Path(f"/proc/{system.leader}").exists()
    until = time.monotonic() + 120
    while (directory / "ssh").exists():  # The connection that SSH keeps ends with the system.
        assert time.monotonic() < until
        time.sleep(0.1)


# The tests below are one story, told in order on one system.


def test_a_new_system_is_configured(site: Site) -> None:
    outcome = site.run()
    assert site.status == 0, site.output
    assert outcome["status"] == "changed"
    names = {task["name"] for task in outcome["tasks"]}
    assert {"Install the packages of every host", "Install the application's server", "Restart the resolver"} <= names


def test_its_packages_are_installed(site: Site) -> None:
    for package in ("nginx", "systemd-resolved"):
        assert site.system.inside("dpkg-query", "--show", "--showformat=${db:Status-Status}", package) == "installed"


def test_its_kernel_has_the_settings_and_this_machines_has_not(site: Site) -> None:
    assert site.system.inside("cat", *(f"/proc/sys/{setting}" for setting in SETTINGS)).split() == ["300", "4096"]


def test_its_resolver_was_restarted_with_the_new_servers(site: Site) -> None:
    assert site.system.inside("systemctl", "is-active", "systemd-resolved") == "active"
    assert "169.254.169.253" in site.system.inside("resolvectl", "dns")


def test_its_names_resolve_without_dns(site: Site) -> None:
    assert site.system.inside("getent", "hosts", "metadata.internal").split() == [
        "169.254.169.254",
        "metadata.internal",
    ]


def test_its_application_answers(site: Site) -> None:
    assert site.system.inside("systemctl", "is-enabled", "nginx") == "enabled"
    assert site.health() == "all signals clear"


def test_a_second_run_changes_nothing(site: Site) -> None:
    outcome = site.run()
    assert site.status == 0, site.output
    assert (outcome["status"], outcome["counts"]["changed"], outcome["tasks"]) == ("ok", 0, [])


def test_a_new_message_is_served_after_a_reload(site: Site) -> None:
    outcome = site.run(POINTSMAN_TAGS="app", POINTSMAN_EXTRA_VARS='{"app_message": "mind the gap"}')
    assert site.status == 0, site.output
    assert {task["name"] for task in outcome["tasks"]} == {"Configure the application", "Reload the application"}
    assert site.health() == "mind the gap"


def test_an_application_that_does_not_answer_fails_its_health_check(site: Site) -> None:
    broken = '{"app_message": "nobody hears", "app_service": "cron-of-nobody"}'
    outcome = site.run(POINTSMAN_TAGS="app", POINTSMAN_EXTRA_VARS=broken)
    assert site.status == 2
    assert [task["name"] for task in outcome["tasks"] if task["status"] == "failed"] == ["Start the application"]
