"""The commands of the build: which variables they refuse, and what they run."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_run import command, run
from ansible_run.variables import WrongVariablesError

from tests.support.ansible_runs import BUS, CHECKOUT, LOCAL_INVENTORY, RUNNER, SAMPLE

AWS = {
    "CODEBUILD_SRC_DIR": str(SAMPLE),
    "AWS_REGION": "eu-west-1",
    "POINTSMAN_BUCKET": "transfer",
    "POINTSMAN_ACCOUNT_NAME": "dev",
}
OURS = f"--inventory={RUNNER}/.build/inventory"


def arguments(**variables: str) -> list[str]:
    written: list[Any] = []

    def write(values: dict[str, Any]) -> Path:
        written.append(values)
        return Path("vars.json")

    line: list[str] = command.arguments(variables, write)
    return line


def errors(**variables: str) -> list[str]:
    with pytest.raises(WrongVariablesError) as caught:
        arguments(**variables)
    errors: list[str] = caught.value.errors
    return errors


def test_the_smallest_build_runs_the_whole_site() -> None:
    assert arguments(**AWS) == [OURS, "--diff", "site.yml"]


def test_every_variable_is_on_the_command_line() -> None:
    line = arguments(
        **AWS,
        POINTSMAN_MODE="check",
        POINTSMAN_LIMIT="role_web:&environment_dev,!web-1",
        POINTSMAN_TAGS="app,base-line",
        POINTSMAN_EXTRA_VARS='{"app_message": "hello"}',
        POINTSMAN_PLAYBOOK="site.yml",
        POINTSMAN_TARGET="dev/eu-west-1",
        POINTSMAN_ATTEMPT="2",
        POINTSMAN_BUS=BUS,
    )
    assert line == [
        OURS,
        "--diff",
        "--check",
        "--limit=role_web:&environment_dev,!web-1",
        "--tags=app,base-line",
        "--extra-vars=@vars.json",
        "site.yml",
    ]


def test_a_run_on_instances_is_limited_to_them_within_the_limit_of_the_route() -> None:
    ids = "i-0a1b2c3d4e5f60718,i-0a1b2c3d4e5f60719"
    group = f"--inventory={RUNNER}/.build/instances.yml"
    line = arguments(**AWS, POINTSMAN_INSTANCES=ids)
    assert line == [OURS, group, "--diff", "--limit=pointsman_instances", "site.yml"]
    limited = arguments(**AWS, POINTSMAN_INSTANCES=ids, POINTSMAN_LIMIT="role_web,role_db")
    assert "--limit=role_web,role_db,&pointsman_instances" in limited


def test_a_session_without_root_overrides_the_variables_of_the_rollout() -> None:
    written: list[dict[str, Any]] = []

    def write(values: dict[str, Any]) -> Path:
        written.append(values)
        return Path("vars.json")

    more = {"POINTSMAN_SESSION_DOCUMENT": "pointsman-check", "POINTSMAN_EXTRA_VARS": '{"app_message": "hello"}'}
    assert "--extra-vars=@vars.json" in command.arguments({**AWS, **more, "POINTSMAN_MODE": "check"}, write)
    assert written == [{"app_message": "hello", "ansible_aws_ssm_document": "pointsman-check", "ansible_become": False}]


@pytest.mark.parametrize("mode", ["apply", ""])
@pytest.mark.parametrize("project", ["pointsman-check", "team-a-check"])
def test_a_build_of_the_checks_project_does_not_apply(project: str, mode: str) -> None:
    check = {"CODEBUILD_BUILD_ID": f"{project}:7f0d2c1a"}
    assert arguments(**AWS, **check, POINTSMAN_MODE="check")
    assert errors(**AWS, **check, POINTSMAN_MODE=mode) == [
        f"POINTSMAN_MODE={mode!r}: builds of the project for checks may only check"
    ]


def test_a_build_of_another_project_may_apply() -> None:
    assert arguments(**AWS, CODEBUILD_BUILD_ID="check-machines:7f0d2c1a-check", POINTSMAN_MODE="apply")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POINTSMAN_PLAYBOOK", "../site.yml"),
        ("POINTSMAN_PLAYBOOK", "/etc/site.yml"),
        ("POINTSMAN_PLAYBOOK", "-site.yml"),
        ("POINTSMAN_PLAYBOOK", "roles/../../pyproject.yml"),
        ("POINTSMAN_PLAYBOOK", "missing.yml"),
        ("POINTSMAN_PLAYBOOK", "ansible.cfg"),
        ("POINTSMAN_LIMIT", "--version"),
        ("POINTSMAN_LIMIT", "@/etc/passwd"),
        ("POINTSMAN_LIMIT", "web-1 web-2"),
        ("POINTSMAN_LIMIT", "$(id)`"),
        ("POINTSMAN_LIMIT", "web\n-v"),
        ("POINTSMAN_INSTANCES", "web-1"),
        ("POINTSMAN_INSTANCES", "i-0a1b2c3d4e5f60718,"),
        ("POINTSMAN_INSTANCES", "i-0a1b2c3d4e5f60718 or true"),
        ("POINTSMAN_TAGS", "-v"),
        ("POINTSMAN_TAGS", "a,,b"),
        ("POINTSMAN_TAGS", "a b"),
        ("POINTSMAN_MODE", "dry"),
        ("POINTSMAN_ALLOW_NO_HOSTS", "yes"),
        ("POINTSMAN_ATTEMPT", "0"),
        ("POINTSMAN_ATTEMPT", "one"),
        ("POINTSMAN_ROLLOUT", "../r"),
        ("POINTSMAN_BUS", "pointsman"),
        ("POINTSMAN_TARGET", "prod/eu-west-1"),
        ("POINTSMAN_TARGET", "dev/us-east-1"),
        ("POINTSMAN_ACCOUNT_NAME", "../dev"),
        ("POINTSMAN_EXTRA_VARS", "{"),
        ("POINTSMAN_EXTRA_VARS", "[]"),
        ("POINTSMAN_EXTRA_VARS", '{"a-b": 1}'),
        ("POINTSMAN_EXTRA_VARS", '{"ansible_connection": "local"}'),
        ("POINTSMAN_EXTRA_VARS", '{"host_root": "/"}'),
        ("POINTSMAN_EXTRA_VARS", "{\"a\": [\"{{ lookup('pipe', 'id') }}\"]}"),
        ("POINTSMAN_EXTRA_VARS", '{"a": "{% if 1 %}"}'),
    ],
)
def test_a_wrong_variable_is_refused_by_its_name(name: str, value: str) -> None:
    assert name in " ".join(errors(**(AWS | {name: value})))


@pytest.mark.parametrize("path", ["/etc/ansible/hosts.yml", "hosts.ini", "roles/../../../pyproject.toml"])
def test_an_inventory_that_is_not_in_the_repository_is_refused(path: str) -> None:
    options = json.dumps({"inventory": [path]})
    assert "inventory" in " ".join(errors(**(AWS | {"POINTSMAN_OPTIONS": options})))


def test_every_error_is_reported_at_once() -> None:
    problems = errors(CODEBUILD_SRC_DIR=str(SAMPLE), POINTSMAN_MODE="dry", POINTSMAN_LIMIT="-v")
    assert [error.split("=")[0].split(" ")[0] for error in problems] == [
        "POINTSMAN_LIMIT",
        "POINTSMAN_MODE",
        "AWS_REGION",
        "POINTSMAN_BUCKET",
    ]


def test_a_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yml"
    outside.write_text("[]")
    root = tmp_path / "src"
    root.mkdir()
    (root / "site.yml").symlink_to(outside)
    assert "POINTSMAN_PLAYBOOK" in errors(**AWS | {"CODEBUILD_SRC_DIR": str(root)})[0]


def test_only_the_owner_can_read_the_extra_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BUILD_DIRECTORY", tmp_path)
    (tmp_path / "extra-vars.json").write_text("old")
    path = run.write_extra_vars({"a": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_refusal_has_exit_status_2_and_names_the_variable() -> None:
    arguments = [sys.executable, str(RUNNER / "bin" / "run-playbook")]
    done = subprocess.run(
        arguments, env=AWS | {"POINTSMAN_MODE": "dry"}, capture_output=True, text=True, check=False, timeout=3000
    )
    assert done.returncode == 2
    assert "POINTSMAN_MODE='dry' is not apply or check" in done.stderr


def test_the_pinned_ansible_is_the_one_of_the_lock() -> None:
    lock = (CHECKOUT / "uv.lock").read_text()
    lines = (RUNNER / "requirements.txt").read_text().splitlines()
    pins = [line.split(" ")[0].split("==") for line in lines if not line.startswith(" ")]
    assert ["ansible", "14.5.0"] in pins
    for name, version in pins:
        assert f'name = "{name}"\nversion = "{version}"' in lock


def test_both_inventories_find_the_same_hosts_and_groups() -> None:
    aws, local = (
        yaml.safe_load((directory / "aws_ec2.yml").read_text()) for directory in (RUNNER / "inventory", LOCAL_INVENTORY)
    )
    assert aws.pop("compose")["ansible_connection"] == "'amazon.aws.aws_ssm'"
    assert local.pop("compose")["ansible_connection"] == "'ansible.builtin.local'"
    assert local.pop("groups") == {"local_cloud": True}
    assert aws == local
