"""From nothing: an empty directory, accounts without a stack, and at the end nothing left to do."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.github.commits import Author
from localcloud.github.local_github import PushResult
from localcloud.layout import STATES
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from tests.support.operator import Operator, actions

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

REPOSITORY = "acme/shop"
TARGETS = {"home/us-east-1", "prod/us-east-1"}
STACKS = {"control", *TARGETS}
PASSWORD, GREETING = "correct horse", "Zq4-tn7Lm2xKd9"
# A playbook at the root with settings, roles and a vault of the team's own, and nothing of Pointsman's.
FILES = {
    "ansible.cfg": "[defaults]\nroles_path = our-roles\nvault_password_file = ~/.vault_pass\n",
    "all.yml": "- hosts: all\n  roles: [greeting]\n",
    "our-roles/greeting/tasks/main.yml": (
        "- name: Greet\n"
        "  ansible.builtin.copy:\n"
        '    content: "{{ greeting }} from {{ shop }}\\n"\n'
        '    dest: "{{ host_root }}/etc/greeting"\n'
        '    mode: "0600"\n'
    ),
    "group_vars/all/plain.yml": "shop: corner\n",
}


@pytest.fixture(scope="module")
def empty() -> Iterator[LocalCloud]:
    """A local cloud of its own, in which nothing is deployed."""
    with LocalCloud.replacing(STATES / "e2e-first") as cloud:
        cloud.up_empty()
        yield cloud


@pytest.fixture(scope="module")
def newcomer(empty: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """Somebody with an empty directory. The control account has hosts, too, and is also called `home`."""
    return Operator(empty, tmp_path_factory.mktemp("newcomer"))


@pytest.fixture(scope="module")
def initialised(newcomer: Operator, empty: LocalCloud) -> Operator:
    done = newcomer.run(
        "init",
        "--yes",
        "--profile=control",
        "--region=us-east-1",
        "--account=home=control",
        "--account=prod=prod",
        "--regions=us-east-1",
        f"--repository={REPOSITORY}",
        "--playbook=all.yml",
        f"--slack-channel={empty.record.channel_id}",
    )
    assert done.returncode == 0, done.stderr
    routes, settings = newcomer.directory / "routes.yaml", newcomer.directory / "pointsman.toml"
    routes.write_text(routes.read_text() + "    vault: shop/vault\n")
    local = "".join(f'{name} = "{value}"\n' for name, value in empty.deployment.endpoints().items())
    text = settings.read_text().replace("[parameters]\n", f"[parameters]\n{local}")
    settings.write_text(
        f'{text}\n[workers.parameters]\nSecretNames = "shop/vault"\n'
        'BuildTimeoutMinutes = "{{resolve:ssm:/shop/BuildTimeoutMinutes}}"\n'
    )
    for account, minutes in (("control", "45"), ("prod", "50")):
        empty.client("ssm", account, "us-east-1").put_parameter(
            Name="/shop/BuildTimeoutMinutes", Value=minutes, Type="String"
        )
        empty.client("secretsmanager", account, "us-east-1").create_secret(Name="shop/vault", SecretString=PASSWORD)
    return newcomer


@pytest.fixture(scope="module")
def deployed(initialised: Operator, empty: LocalCloud) -> Operator:
    done = initialised.run("deploy", "--yes")
    assert done.returncode == 0, done.stderr
    assert actions(done.stdout) == dict.fromkeys(STACKS, "create")
    assert "Next: `pointsman slack-app` for Slack, then `pointsman github-app` for GitHub." in done.stderr
    assert re.search(r"The trail's digests are signed with the key [0-9a-f]{64}\.", done.stderr)
    assert "The dashboard: https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#" in done.stderr
    done = initialised.run("slack-app", "--yes", text=empty.record.slack_token)
    assert done.returncode == 0, done.stderr
    return initialised


@pytest.fixture(scope="module")
def pushed(deployed: Operator, empty: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> PushResult:
    directory = tmp_path_factory.mktemp("vault")
    (directory / "password").write_text(PASSWORD)
    (directory / "vault.yml").write_text(f"greeting: {GREETING}\n")
    program = str(Path(sys.executable).with_name("ansible-vault"))
    command = [program, "encrypt", f"--vault-id={directory / 'password'}", str(directory / "vault.yml")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    cloud = LocalCloud.attach(empty.layout.state)  # which finds the control stack
    cloud.github.repository(REPOSITORY).create()
    files: dict[str, str | bytes | Path | None] = {**FILES, "group_vars/all/vault.yml": directory / "vault.yml"}
    result = cloud.github.push(files, "Greet", author=Author("Hana Ito", "hana@example.com"), repository=REPOSITORY)
    assert result.delivery.response.status == 202, result.delivery.response.body
    done = deployed.run("status", "--cloud=aws", "--watch", "--exit-status")
    assert done.returncode == 0, done.stdout + done.stderr
    return result


def test_init_by_options_writes_settings_without_a_secret(initialised: Operator) -> None:
    settings = tomllib.loads((initialised.directory / "pointsman.toml").read_text())
    assert settings["accounts"] == {"home": {"profile": "control"}, "prod": {"profile": "prod"}}
    assert PASSWORD not in (initialised.directory / "pointsman.toml").read_text()


def test_each_stack_has_the_value_that_ssm_has_in_its_own_account(deployed: Operator, empty: LocalCloud) -> None:
    for account, minutes in (("control", 45), ("prod", 50)):
        codebuild = empty.client("codebuild", account, "us-east-1")
        [project] = codebuild.batch_get_projects(names=["pointsman"])["projects"]
        assert project["timeoutInMinutes"] == minutes


def test_the_doctor_is_green_before_the_first_push(deployed: Operator) -> None:
    done = deployed.run("doctor", "-o", "json", "--all")
    assert done.returncode == 0, done.stdout
    states = {(each["where"], each["link"], each["state"]) for each in json.loads(done.stdout)}
    assert {each[:2] for each in states if each[2] not in {"ok", "skipped"}} == {("control", "github")}


def test_a_push_of_a_foreign_layout_runs_on_every_target(
    deployed: Operator, empty: LocalCloud, pushed: PushResult
) -> None:
    results = host_results(deployed, pushed.update.after)
    assert {each["target"] for each in results} == TARGETS
    assert {(each["status"], each["counts"]["changed"]) for each in results} == {("changed", 1)}
    greetings = [path.read_text() for path in empty.layout.hosts.glob("*/us-east-1/*/etc/greeting")]
    assert greetings == [f"{GREETING} from corner\n"] * 2
    assert GREETING not in json.dumps(results)


def host_results(operator: Operator, commit: str) -> list[dict[str, Any]]:
    """What `pointsman audit` says of the hosts, as soon as the index has it."""
    question = ("audit", "--cloud=aws", f"--commit={commit}", "--type=HostResultRecorded", "-o", "json")

    def answer() -> list[dict[str, Any]] | None:
        results: list[dict[str, Any]] = json.loads(operator.run(*question).stdout)
        return results if len(results) >= len(TARGETS) else None

    return wait_until(answer, TIMEOUT_SECONDS, "the index does not have the result of each host")


def test_afterwards_every_link_works_and_deploy_changes_nothing(deployed: Operator, pushed: PushResult) -> None:
    done = deployed.run("deploy", "--yes")
    assert done.returncode == 0, done.stderr
    assert actions(done.stdout) == dict.fromkeys(STACKS, "unchanged")
    assert "Nothing to change: every stack is in the state of this version." in done.stderr
    assert deployed.run("doctor").stdout == ""
