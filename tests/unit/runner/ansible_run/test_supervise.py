"""The runner stops Ansible in time, and finds the reason of a failure in its output."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible_run import directories
from ansible_run.failure_reason import Tail, with_hint
from ansible_run.run import deadline
from ansible_run.settings import SettingsError, ansible_environment
from ansible_run.supervise import Exit, Limits, Supervisor

from tests.support.ansible_runs import RUNNER


def supervise(code: str, limits: Limits | None = None, every: float = 60.0) -> tuple[Exit, list[int]]:
    ticks: list[int] = []
    supervisor = Supervisor(lambda: ticks.append(1), every)
    return supervisor.run([sys.executable, "-c", code], dict(os.environ), "/", limits or Limits()), ticks


def test_a_childs_exit_status_and_last_output_are_kept(capfd: pytest.CaptureFixture[str]) -> None:
    ended, _ = supervise("import sys; print('out'); print('[ERROR]: no role', file=sys.stderr); sys.exit(4)")
    assert (ended.status, ended.stop_reason, ended.errors.reason()) == (4, "", "no role")
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("out\n", "[ERROR]: no role\n")


def test_a_child_that_is_killed_has_no_exit_status() -> None:
    ended, _ = supervise("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (ended.status, ended.stop_reason) == (None, "Ansible was killed by signal SIGKILL")


def test_results_are_sent_while_the_child_runs() -> None:
    _, ticks = supervise("import time; time.sleep(1.5)", every=0.3)
    assert ticks


def test_a_child_and_its_processes_are_stopped_before_the_build(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = f"""
import subprocess, sys, time
hanging = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(mark)!r}, "w").write(str(hanging.pid))
time.sleep(600)
"""
    ended, _ = supervise(code, Limits(time.time() + 2, 60))
    assert ended.status is None
    assert "before the build's time-out of 60 minutes" in ended.stop_reason
    with pytest.raises(ProcessLookupError):
        _wait_for_end(int(mark.read_text()))


def _wait_for_end(pid: int) -> None:
    """Raises ProcessLookupError once the process is gone, or is a zombie that nobody has waited for."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        os.kill(pid, 0)
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            raise ProcessLookupError
        time.sleep(0.05)


def test_a_stopped_build_stops_its_child_first(monkeypatch: pytest.MonkeyPatch) -> None:
    timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGTERM))
    timer.start()
    try:
        ended, _ = supervise("import time; time.sleep(600)")
    finally:
        timer.cancel()
    assert (ended.status, ended.stop_reason) == (None, "the build was stopped (SIGTERM)")


def test_the_deadline_is_before_the_builds_time_out() -> None:
    limits = deadline({"POINTSMAN_TIMEOUT_MINUTES": "60", "CODEBUILD_START_TIME": "1000000"})
    assert limits == Limits(1000 + 3600 - 180, 60)
    short = deadline({"POINTSMAN_TIMEOUT_MINUTES": "5", "CODEBUILD_START_TIME": "1000000"})
    assert short == Limits(1000 + 300 - 75, 5)
    assert deadline({}) == Limits()


# --- the reason of a failure ---------------------------------------------------------------------------------------


def reason(text: str, root: str = "") -> str:
    tail = Tail()
    for line in text.splitlines(keepends=True):
        tail.add(line)
    return tail.reason(root)


def test_an_error_has_its_location_and_not_the_excerpt() -> None:
    text = """[WARNING]: something else
[ERROR]: The role 'geerlingguy.nginx' was not found in: /b/ansible/roles:/b/ansible
Origin: /b/ansible/site.yml:2:11

1 - hosts: web
2   roles: [geerlingguy.nginx]
            ^ column 11
"""
    assert reason(text, "/b/ansible") == "The role 'geerlingguy.nginx' was not found in: roles:. (site.yml:2:11)"


def test_an_error_of_several_lines_is_complete() -> None:
    text = "ERROR! Unexpected Exception, this is probably a bug:\n  no such thing\n\nmore\n"
    assert reason(text) == "Unexpected Exception, this is probably a bug: no such thing"


def test_a_pattern_that_matches_no_host_is_named() -> None:
    text = "[WARNING]: Could not match supplied host pattern, ignoring: nosuch\n[ERROR]: pointsman: no host.\n"
    assert reason(text) == "no host; Could not match supplied host pattern, ignoring: nosuch"


def test_an_inventory_that_cannot_be_read_says_why() -> None:
    text = """[WARNING]: Failed to parse inventory with 'pointsman_ec2' plugin: not authorized: ec2:DescribeInstances
[ERROR]: Completely failed to parse inventory source /b/ansible/inventory/aws_ec2.yml
"""
    assert "not authorized: ec2:DescribeInstances" in reason(text, "/b/ansible")


def test_output_without_errors_has_no_reason() -> None:
    assert reason("PLAY [all] ***\nok: [web-1]\n") == ""


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Attempting to decrypt but no vault secrets found", "docs/operations.md"),
        ("The role 'nginx' was not found in: roles", "to roles/"),
        ("couldn't resolve module/action 'acme.x'", "collection"),
    ],
)
def test_a_known_reason_has_a_hint(text: str, hint: str) -> None:
    assert with_hint(text).startswith(f"{text}. ")
    assert hint in with_hint(text)


def test_an_unknown_reason_has_no_hint() -> None:
    assert with_hint("disk full") == "disk full"


# --- the team's settings --------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def build_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(directories, "CALLBACKS", tmp_path / "build" / "callbacks")
    return tmp_path / "build"


def test_the_callback_is_added_to_the_teams_own(tmp_path: Path, build_directory: Path) -> None:
    (tmp_path / "ansible.cfg").write_text(
        "[defaults]\ncallbacks_enabled = ansible.posix.profile_tasks\ncallback_plugins = ./mine\ntask_timeout = 7\n"
    )
    environ = ansible_environment({"PATH": "/bin", "TMPDIR": "/tmp"}, tmp_path)
    theirs, ours = environ["ANSIBLE_CALLBACKS_ENABLED"].split(",")
    assert theirs == "ansible.posix.profile_tasks"
    assert environ["ANSIBLE_CALLBACK_PLUGINS"] == f"{tmp_path}/mine:{build_directory}/callbacks"
    assert (build_directory / "callbacks" / f"{ours}.py").resolve() == RUNNER / "callback_plugins" / "pointsman.py"
    assert "ANSIBLE_TASK_TIMEOUT" not in environ


def test_the_callback_of_the_batch_size_is_enabled_only_with_one(tmp_path: Path, build_directory: Path) -> None:
    environ = {"PATH": "/bin", "TMPDIR": "/tmp"}
    for serial, files in ({"POINTSMAN_SERIAL": "1"}, ["pointsman.py", "pointsman_serial.py"]), ({}, ["pointsman.py"]):
        names = ansible_environment(environ | serial, tmp_path)["ANSIBLE_CALLBACKS_ENABLED"].split(",")
        assert [(build_directory / "callbacks" / f"{name}.py").resolve().name for name in names] == files


def test_the_callback_is_enabled_without_a_setting_of_the_team(tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults]\nnocows = 1\n")
    environ = ansible_environment({"PATH": "/bin", "TMPDIR": "/tmp"}, tmp_path)
    assert environ["ANSIBLE_CALLBACKS_ENABLED"].startswith("pointsman_")
    assert environ["ANSIBLE_TASK_TIMEOUT"] == "1800"
    assert environ["ANSIBLE_INVENTORY_ENABLED"].startswith("pointsman_ec2,")


def test_what_the_environment_enables_stays_enabled(tmp_path: Path) -> None:
    environ = ansible_environment({"PATH": "/bin", "TMPDIR": "/tmp", "ANSIBLE_CALLBACKS_ENABLED": "timer"}, tmp_path)
    assert environ["ANSIBLE_CALLBACKS_ENABLED"].startswith("timer,pointsman_")


def test_no_commit_can_know_the_callbacks_name(tmp_path: Path) -> None:
    base = {"PATH": "/bin", "TMPDIR": "/tmp"}
    assert len({ansible_environment(base, tmp_path)["ANSIBLE_CALLBACKS_ENABLED"] for _ in "ab"}) == 2


def test_an_ansible_cfg_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults\nbroken")
    with pytest.raises(SettingsError, match=r"ansible.cfg cannot be read"):
        ansible_environment({"PATH": "/bin", "TMPDIR": "/tmp"}, tmp_path)


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("vault_password_file = ~/.nope", "ANSIBLE_VAULT_PASSWORD_FILE"),
        ("vault_identity_list = dev@~/.nope", "ANSIBLE_VAULT_IDENTITY_LIST"),
    ],
)
def test_a_password_file_that_is_not_in_the_build_does_not_stop_a_run_without_vault(
    tmp_path: Path, setting: str, variable: str
) -> None:
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\n{setting}\n")
    environ = ansible_environment({"PATH": "/bin", "TMPDIR": "/tmp"}, tmp_path)
    script = environ[variable].rpartition("@")[2]
    password = subprocess.run([script, "--vault-id", "dev"], capture_output=True, text=True, check=True, timeout=300)
    assert len(password.stdout.strip()) == 64


def test_a_password_file_of_the_repository_is_used(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame")
    (tmp_path / "ansible.cfg").write_text("[defaults]\nvault_password_file = password\n")
    assert "ANSIBLE_VAULT_PASSWORD_FILE" not in ansible_environment({"PATH": "/bin", "TMPDIR": "/tmp"}, tmp_path)
