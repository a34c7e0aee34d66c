"""A push from a repository of its own layout: playbooks in a folder, a vault, inventories, a submodule."""

import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.github.commits import Author
from localcloud.github.local_github import PushResult
from localcloud.hosts import ManagedHost
from pointsman.core.model import RolloutState
from pointsman.core.trail.events import HostResultRecorded
from pointsmanctl.demo.observer import Observer
from tests.e2e.conftest import DB_PASSWORD, VAULT_PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

SAMPLE = Path(__file__).parent / "repositories" / "platform"
PLATFORM, SHARED = "acme/platform", "acme/shared"
HANA = Author("Hana Ito", "hana@example.com")
API_KEY = "Zq4-tn7Lm2xKd9"
ROLE = """
- name: Write what every team has
  ansible.builtin.copy:
    content: "of {{ team }}\\n"
    dest: "{{ app_directory }}/shared"
    mode: "0644"
"""


def encrypted(file: Path, directory: Path) -> str:
    """A file, encrypted as a team does with ansible-vault."""
    password = directory / "password"
    password.write_text(VAULT_PASSWORD)
    program = Path(sys.executable).parent / "ansible-vault"
    command = [str(program), "encrypt", f"--vault-id={password}", "--output=-", str(file)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


@pytest.fixture(scope="module")
def pushed(world: Observer, tmp_path_factory: pytest.TempPathFactory) -> PushResult:
    """The team's repository is on GitHub; its rollout has ended."""
    directory = tmp_path_factory.mktemp("platform")
    platform, shared = world.cloud.github.repository(PLATFORM), world.cloud.github.repository(SHARED)
    platform.create()
    shared.create()
    pinned = shared.commit({"tasks/main.yml": ROLE}, "Share a role").after
    shared.commit({"tasks/main.yml": ROLE.replace("of {{", "newer {{")}, "Change it")
    platform.add_submodule("ansible/roles/shared", f"https://github.com/{SHARED}.git", pinned, "Use the shared role")
    files: dict[str, str | bytes | Path | None] = {
        file.relative_to(SAMPLE).as_posix(): encrypted(file, directory) if file.name == "vault.yml" else file
        for file in SAMPLE.rglob("*")
        if file.is_file()
    }
    result = world.cloud.github.push(files, "Our machines", author=HANA, repository=PLATFORM)
    assert result.delivery.response.status == 202, result.delivery.response.body
    for route in ("platform", "contact"):
        world.end_of(result.delivery, route)
    return result


def host_in(world: Observer, region: str) -> ManagedHost:
    [found] = [each for each in world.cloud.hosts() if (each.account, each.region) == ("dev", region)]
    return found


@pytest.fixture(scope="module")
def host(world: Observer) -> ManagedHost:
    return host_in(world, "eu-west-1")


@pytest.fixture(scope="module")
def result(world: Observer, pushed: PushResult) -> HostResultRecorded:
    """What the trail has of the host."""
    rollout, _ = world.end_of(pushed.delivery, "platform")
    [found] = world.host_results(rollout.id, 1)
    return found


@pytest.mark.parametrize(("route", "target"), [("platform", "dev/eu-west-1"), ("contact", "dev/eu-central-1")])
def test_each_route_of_the_repository_runs_where_it_says(
    world: Observer, pushed: PushResult, route: str, target: str
) -> None:
    rollout, runs = world.end_of(pushed.delivery, route)
    assert rollout.state is RolloutState.SUCCEEDED, world.events(rollout.id)
    assert set(runs) == {target}


def test_a_playbook_in_a_folder_has_the_group_vars_of_its_directory(world: Observer, pushed: PushResult) -> None:
    world.end_of(pushed.delivery, "contact")
    assert (host_in(world, "eu-central-1").root / "etc/contact").read_text() == "payments@example.com\n"


def test_a_playbook_in_a_folder_has_variables_secrets_and_what_inventories_say(
    pushed: PushResult, host: ManagedHost
) -> None:
    """Variables beside an inventory, of a vault, of Secrets Manager, and of an inventory script."""
    assert (host.root / "srv/payments/app.conf").read_text().splitlines() == [
        "team = payments",
        "stage = testing",
        f"api = {API_KEY}",
        f"database = {DB_PASSWORD}",
    ]


def test_a_role_in_a_submodule_runs_at_its_commit(result: HostResultRecorded, host: ManagedHost) -> None:
    assert (host.root / "srv/payments/shared").read_text() == "of payments\n"
    assert [(task.name, task.role, task.path.partition(":")[0]) for task in result.tasks] == [
        ("Create the directory", None, "site.yml"),
        ("Write what every team has", "shared", "roles/shared/tasks/main.yml"),
        ("Write the application's settings", None, "playbooks/app.yml"),
    ]


def test_no_secret_is_in_the_trail_in_slack_or_in_the_log(
    world: Observer, pushed: PushResult, result: HostResultRecorded
) -> None:
    rollout, runs = world.end_of(pushed.delivery, "platform")
    logs = world.cloud.client("logs", "dev", "eu-west-1")
    [run] = runs.values()
    assert run.build_arn
    group = "/pointsman/builds"
    lines = logs.get_log_events(
        logGroupName=group, logStreamName=run.build_arn.rpartition(":")[2], startFromHead=True, limit=10000
    )["events"]
    assert any("Write the application's settings" in each["message"] for each in lines)
    places = str([lines, world.events(rollout.id), world.messages(rollout.id)])
    assert result.tasks[-1].diff
    for secret in (VAULT_PASSWORD, DB_PASSWORD, API_KEY):
        assert secret not in places
