"""Repositories of other layouts than the sample's run as they are: real Ansible, the runner beside the checkout."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ansible_runs import Build, FakeBus
from tests.support.fake_secrets import FakeSecrets

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

REPOSITORIES = Path(__file__).parent / "repositories"
ANSIBLE = Path(sys.executable).parent
SECRET = "Zq4-tn7Lm2xKd9"
TOKEN = "{{ no template }} 4711"


class Repository:
    """A checkout of one of the repositories, and the files that its playbooks write."""

    def __init__(self, name: str, directory: Path) -> None:
        self.out = directory / "out"
        self.out.mkdir()
        here = {"ANSIBLE_REMOTE_TEMP": str(directory / "remote"), "ANSIBLE_ASYNC_DIR": str(directory / "async")}
        self.build = Build.of(REPOSITORIES / name, directory, **here)
        self.output = ""
        self.status = 0
        self.reason = ""

    def run(self, playbook: str, options: dict[str, Any] | None = None, **variables: str) -> dict[str, dict[str, Any]]:
        """Run a playbook. Returns the result of each host."""
        given = {
            "POINTSMAN_PLAYBOOK": playbook,
            "POINTSMAN_EXTRA_VARS": json.dumps({"out": str(self.out)}),
            "POINTSMAN_OPTIONS": json.dumps(options) if options else "",
        }
        with FakeBus() as bus:
            done = self.build.run("run-playbook", given | {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url} | variables)
        self.status, self.output = done.returncode, done.stdout + done.stderr
        [end] = bus.ends
        self.reason = end["reason"]
        self.sent = json.dumps(bus.entries)
        return {each["host"]: each for each in bus.results}

    def files(self) -> dict[str, str]:
        """What the playbooks wrote."""
        return {file.name: file.read_text() for file in self.out.iterdir()}

    def ansible(self, *command: str) -> None:
        """Run one of Ansible's programs in the checkout."""
        program = [str(ANSIBLE / command[0]), *command[1:]]
        subprocess.run(
            program, env=self.build.environ, cwd=self.build.root, check=True, capture_output=True, timeout=300
        )


VAULT = {"vault": [{"secret": "team/vault"}]}


@pytest.fixture(scope="module")
def secrets() -> Iterator[dict[str, str]]:
    """The variables of a build whose secrets can be read."""
    kept = {"team/vault": "open sesame", "team/db": json.dumps({"password": SECRET, "port": 5432})}
    with FakeSecrets(kept, {"/team/token": TOKEN}) as fake:
        yield fake.environ


@pytest.fixture
def own_config(tmp_path: Path) -> Repository:
    return Repository("own_config", tmp_path)


@pytest.fixture
def in_folders(tmp_path: Path) -> Repository:
    return Repository("playbooks_folder", tmp_path)


# --- playbooks at the root, an ansible.cfg, roles_path, library, filter_plugins, an INI inventory --------------------


def test_the_teams_ansible_cfg_roles_modules_filters_and_variables_keep_their_meaning(
    own_config: Repository, secrets: dict[str, str]
) -> None:
    results = own_config.run("web.yml", {"inventory": ["hosts.ini"], **VAULT}, **secrets)
    assert own_config.status == 0, own_config.output
    assert own_config.files() == {"web1": "hello to web1\n", "web2": "welcome to web2\n"}
    assert set(results) == {"web1", "web2"}
    [motd, say] = results["web1"]["tasks"]
    assert (motd["role"], motd["path"]) == ("motd", "my-roles/motd/tasks/main.yml:1")
    assert say["message"] == "PORT 8080 on Linux"
    assert "TASKS RECAP" in own_config.output  # profile_tasks


def test_skip_tags_forks_verbosity_and_environment_reach_ansible(
    own_config: Repository, secrets: dict[str, str]
) -> None:
    options = {
        **VAULT,
        "inventory": ["hosts.ini"],
        "skip_tags": ["destroy"],
        "forks": 3,
        "verbosity": 1,
        "environment": {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"},
    }
    results = own_config.run("db.yml", options, **secrets)
    assert own_config.status == 0, own_config.output
    assert [task["name"] for task in results["db1"]["tasks"]] == ["Set up the database"]
    assert "--diff --skip-tags=destroy --forks=3 -v " in own_config.output
    assert "TASK [Set up the database _raw_params=true]" in own_config.output


def test_a_path_outside_of_the_repository_is_refused_and_the_reason_reported(own_config: Repository) -> None:
    own_config.run("web.yml", {"inventory": ["../../etc/hosts"]})
    assert own_config.status == 2
    assert "inventory='../../etc/hosts' is not the path of an inventory inside the repository" in own_config.reason


NO_RECORD = """
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_NAME = "pointsman"
"""


@pytest.mark.parametrize("place", ["callback_plugins", "mine"])
def test_a_commit_cannot_replace_the_callback(own_config: Repository, secrets: dict[str, str], place: str) -> None:
    config = (own_config.build.root / "ansible.cfg").read_text()
    own_config.build.write("ansible.cfg", config.replace("[defaults]", f"[defaults]\ncallback_plugins = {place}"))
    own_config.build.write(f"{place}/pointsman.py", NO_RECORD)
    results = own_config.run("web.yml", {"inventory": ["hosts.ini"], **VAULT}, **secrets)
    assert own_config.status == 0, own_config.output
    assert set(results) == {"web1", "web2"}


# --- a directory, playbooks in a folder that import others, group_vars beside the inventory, a link to a role --------


def vaulted(repository: Repository, tmp_path: Path, *more: str) -> None:
    """Encrypt the repository's vault."""
    password = tmp_path / "password"
    password.write_text("open sesame")
    file = "ansible/inventories/production/group_vars/db/vault.yml"
    repository.ansible("ansible-vault", "encrypt", "--vault-id", f"prod@{password}", file, *more)


PRODUCTION = {"directory": "ansible", "inventory": ["inventories/production"]}


@pytest.mark.parametrize(
    "vault", [[{"secret": "team/vault"}], [{"id": "dev", "secret": "team/db"}, {"id": "prod", "secret": "team/vault"}]]
)
def test_a_playbook_in_a_folder_has_the_inventorys_variables_and_its_vault(
    in_folders: Repository, tmp_path: Path, secrets: dict[str, str], vault: list[dict[str, str]]
) -> None:
    vaulted(in_folders, tmp_path)
    results = in_folders.run("playbooks/db.yml", PRODUCTION | {"vault": vault}, **secrets)
    assert in_folders.status == 0, in_folders.output
    assert in_folders.files() == {"db1.banner": "payments\n", "db1.conf": f"postgres for payments with {SECRET}\n"}
    assert [task["path"] for task in results["db1"]["tasks"]] == [
        "shared/banner/tasks/main.yml:1",
        "playbooks/db.yml:6",
    ]
    assert SECRET not in in_folders.sent + in_folders.output
    assert "open sesame" not in in_folders.sent + in_folders.output


def test_without_the_vault_password_the_reason_says_so(in_folders: Repository, tmp_path: Path) -> None:
    vaulted(in_folders, tmp_path)
    in_folders.run("playbooks/db.yml", PRODUCTION)
    assert in_folders.status
    assert "vault" in in_folders.reason
    assert "docs/operations.md" in in_folders.reason


def test_a_vault_secret_that_cannot_be_read_ends_the_run_before_ansible(
    in_folders: Repository, secrets: dict[str, str]
) -> None:
    in_folders.run("playbooks/db.yml", PRODUCTION | {"vault": [{"secret": "team/wrong"}]}, **secrets)
    assert in_folders.status == 2
    assert "secret team/wrong cannot be read: ResourceNotFoundException" in in_folders.reason
    assert "PLAY" not in in_folders.output


# --- secret variables -----------------------------------------------------------------------------------------------

SHOW = """
- hosts: db
  gather_facts: false
  tasks:
    - ansible.builtin.shell: "echo {{ db_password }} {{ api | quote }} {{ port }}; exit 1"
    - ansible.builtin.debug:
"""


def test_secret_variables_reach_the_play_and_nothing_else(in_folders: Repository, secrets: dict[str, str]) -> None:
    in_folders.build.write("ansible/show.yml", SHOW)
    options = PRODUCTION | {
        "secrets": {
            "db_password": {"secret": "team/db", "key": "password"},
            "port": {"secret": "team/db", "key": "port"},
            "api": {"parameter": "/team/token"},
        },
        "verbosity": 4,
    }
    results = in_folders.run("show.yml", options, **secrets)
    [failed] = results["db1"]["tasks"]
    assert failed["message"].endswith("[redacted] [redacted] [redacted]")
    for value in (SECRET, "4711", "5432"):
        assert value not in in_folders.sent + in_folders.output
    assert leftovers(in_folders) == []


def leftovers(repository: Repository) -> list[str]:
    """Files in which a secret could still be."""
    places = [repository.build.files, Path("/dev/shm")]
    return [
        str(file)
        for place in places
        for file in place.rglob("*")
        if file.is_file() and os.access(file, os.R_OK) and SECRET.encode() in file.read_bytes()
    ]


# --- roles and collections of requirements.yml, packages of requirements.txt ----------------------------------------


@pytest.fixture
def with_requirements(tmp_path: Path) -> Repository:
    repository = Repository("requirements", tmp_path)
    sources = tmp_path / "sources"
    shutil.move(repository.build.root / "sources", sources)
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=One"],
        ["tag", "3.2.0"],
    ):
        subprocess.run(["git", "-C", str(sources / "nginx"), *command], check=True, timeout=60)
    repository.ansible(
        "ansible-galaxy", "collection", "build", str(sources / "collection"), "--output-path", str(sources)
    )
    file = repository.build.root / "requirements.yml"
    file.write_text(file.read_text().replace("/SOURCES", str(sources)).replace("SOURCES", str(sources)))
    return repository


def test_roles_collections_and_packages_are_installed_beside_the_checkout(with_requirements: Repository) -> None:
    results = with_requirements.run("site.yml", {"inventory": ["hosts.yml"]})
    assert with_requirements.status == 0, with_requirements.output
    tasks = [(task["name"], task["role"]) for task in results["web1"]["tasks"]]
    assert tasks == [
        ("Install nginx", "geerlingguy.nginx"),
        ("Say hello", "acme.tools.hello"),
        ("Use a package", None),
    ]
    assert (
        "requirements.txt: 'ansible>=9' is not installed, since Ansible comes with Pointsman"
        in with_requirements.output
    )
    installed = {path.name for path in with_requirements.build.root.iterdir()}
    assert installed == {"hosts.yml", "requirements.txt", "requirements.yml", "site.yml"}


def test_requirements_that_cannot_be_installed_end_the_run_with_the_reason(with_requirements: Repository) -> None:
    with_requirements.build.write("requirements.txt", "jinja2==2.11\n")
    with_requirements.run("site.yml", {"inventory": ["hosts.yml"], "requirements": ["requirements.txt"]})
    assert with_requirements.status
    assert with_requirements.reason.startswith("The repository's requirements cannot be installed: ")
    assert "jinja2" in with_requirements.reason.lower()
    assert "PLAY" not in with_requirements.output


def test_a_missing_role_is_named(with_requirements: Repository) -> None:
    with_requirements.run("site.yml", {"inventory": ["hosts.yml"], "requirements": []})
    assert "The role 'geerlingguy.nginx' was not found" in with_requirements.reason
    assert "requirements.yml" in with_requirements.reason
