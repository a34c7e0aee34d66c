"""Recording fails in a real Ansible run: the play's result stays, and the trail says that results are missing."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pointsman.core.audit.authorize import Origin, to_unassigned_trail_event
from pointsman.core.audit.host_event import PlaybookEvent
from pointsman.core.index.outcomes import outcomes_of
from tests.support.ansible_runs import Build, FakeBus
from tests.support.callback_inventory import INVENTORY, build_of_play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

PLAY = """
- name: Play
  hosts: one:two
  gather_facts: false
  tasks:
    - name: Change
      ansible.builtin.command: "echo it changed {{ inventory_hostname }}"
    - name: Break
      ansible.builtin.command: "false"
      when: inventory_hostname == "two"
"""
STOPPED = 4  # the runner's: Ansible was killed or stopped
FAILED = 2  # Ansible's exit status: a host failed
FILE_LIMIT = 2_000_000  # bytes; more than Ansible writes into one file
LOST = "the callback could not record all that it saw, such as on a full disk"
SILENT = "the callback recorded nothing: a setting may disable callbacks, or it could not write"


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return build_of_play(tmp_path, INVENTORY, "play.yml", PLAY)


def played(
    build: Build, bus: FakeBus, more: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the play, whose result must be as it always is."""
    done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, **(more or {})}, prefix)
    output = done.stdout + done.stderr
    assert done.returncode == FAILED, output
    recap = {line.split()[0]: line for line in output.splitlines() if "unreachable=" in line}
    assert "ok=1 " in recap["one"]
    assert "failed=0" in recap["one"]
    assert "failed=1" in recap["two"]
    assert "Traceback" not in output
    return done


def fill(build: Build, free: int) -> None:
    """Leave this many bytes for the spool, as on a disk that is almost full."""
    spool = build.files / "host-results.jsonl"
    spool.parent.mkdir(exist_ok=True)
    spool.write_text("x" * (FILE_LIMIT - free - 1) + "\n")


FULL_DISK = ("prlimit", f"--fsize={FILE_LIMIT}")


def test_nothing_is_missing_where_nothing_fails(build: Build) -> None:
    with FakeBus() as bus:
        played(build, bus)
    assert {each["host"]: each["status"] for each in bus.results} == {"one": "changed", "two": "failed"}
    assert [(each["exit_status"], each["recording_error"]) for each in bus.ends] == [(FAILED, "")]


@pytest.mark.parametrize("place", ["/proc/no/spool", "/dev/null/spool"])
def test_a_place_that_cannot_be_written(build: Build, place: str) -> None:
    build.write("play.yml", PLAY.replace('"false"', '"true"'))
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "POINTSMAN_SPOOL": place})
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"host results cannot be recorded in {place}" in done.stderr
    assert [(each["exit_status"], each["recording_error"]) for each in bus.ends] == [(0, SILENT)]


def test_a_disk_that_was_full_from_the_beginning(build: Build) -> None:
    fill(build, free=20)
    build.write("play.yml", PLAY.replace('"false"', '"true"'))
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}, FULL_DISK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"host results are missing in the trail: {SILENT}" in done.stderr
    assert [(each["exit_status"], each["recording_error"]) for each in bus.ends] == [(0, SILENT)]


def test_a_disk_that_is_full_before_the_end(build: Build) -> None:
    fill(build, free=1_500)
    with FakeBus() as bus:
        played(build, bus, prefix=FULL_DISK)
    [end] = bus.ends
    assert end["recording_error"]
    assert all(each["status"] in ("changed", "failed") for each in bus.results)


RAISES = """
import host_results.recorder as module

def fail(self, *_: object) -> None:
    raise RuntimeError("of the recorder")

module.Recorder.end = fail
"""


def test_a_callback_that_raises(build: Build) -> None:
    callback = build.runner / "callback_plugins" / "pointsman.py"
    callback.write_text(callback.read_text() + RAISES)
    with FakeBus() as bus:
        done = played(build, bus)
    assert "could not record (v2_runner_on_ok): RuntimeError" in " ".join((done.stdout + done.stderr).split())
    assert [each["recording_error"] for each in bus.ends] == [LOST]


def test_a_callback_that_cannot_be_loaded(build: Build) -> None:
    (build.runner / "host_results" / "loop_items.py").write_text("raise RuntimeError('of the recorder')\n")
    build.write("play.yml", PLAY.replace('"false"', '"true"'))
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url})
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(each["exit_status"], each["recording_error"]) for each in bus.ends] == [(0, SILENT)]


KILLS = """
- name: Play
  hosts: one:two
  gather_facts: false
  tasks:
    - name: Change
      ansible.builtin.command: "echo it changed"
    - name: Kill Ansible
      ansible.builtin.command:
        argv: ["{{ ansible_python_interpreter }}", "{{ playbook_dir }}/kill_ansible.py"]
      when: inventory_hostname == "two"
    - name: Never run
      ansible.builtin.command: "true"
"""
KILL_ANSIBLE = """
import os, pathlib, signal

found, process = None, os.getppid()
while process > 1:
    if b"bin/ansible-playbook" in pathlib.Path(f"/proc/{process}/cmdline").read_bytes():
        found = process  # the last one is Ansible itself; those below it are its workers
    process = int(pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
os.kill(found, signal.SIGKILL)
"""


def test_ansible_alone_is_killed_and_the_build_goes_on(build: Build) -> None:
    build.write("play.yml", KILLS)
    build.write("kill_ansible.py", KILL_ANSIBLE)
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url})
        assert done.returncode == STOPPED, done.stdout + done.stderr
        assert "Ansible was killed by signal SIGKILL" in done.stderr
        assert build.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}).returncode == 0
    assert {each["host"]: each["status"] for each in bus.results} == {"one": "failed", "two": "failed"}
    tasks = {each["host"]: [task["name"] for task in each["tasks"]] for each in bus.results}
    assert tasks["two"] == ["Change", "(the run was cut short)"]
    [end] = bus.ends
    assert end["exit_status"] is None
    assert end["reason"] == "Ansible was killed by signal SIGKILL"
    assert recorded_outcomes(end) == ("results_missing",)


def recorded_outcomes(end: dict[str, Any]) -> tuple[str, ...]:
    """By what the trail finds the end of Ansible that the runner sent."""
    sender = {"event_id": "e-1", "account": "222222222222", "at": end["ended_at"], "source": "pointsman.ansible"}
    inbound = PlaybookEvent.read(sender | end).cleaned()
    origin = Origin(started_by="hana")
    return outcomes_of(to_unassigned_trail_event(inbound, origin))


def test_a_secret_that_cannot_be_learned(build: Build) -> None:
    """Then no text of any task is recorded."""
    learner = build.runner / "redaction" / "redactor.py"
    learner.write_text(learner.read_text().replace("def learn_secret(self, value: object) -> None:", _FAILS_TO_LEARN))
    build.write("play.yml", PLAY.replace("echo it changed", "echo {{ db_password }}"))
    with FakeBus() as bus:
        played(build, bus)
    texts = [each["message"] for result in bus.results for each in result["tasks"]]
    assert texts
    assert set(texts) == {None}


_FAILS_TO_LEARN = "def learn_secret(self, value: object) -> None:\n        raise RuntimeError"


def test_access_that_is_denied(build: Build) -> None:
    with FakeBus(refusals=1_000_000, error="AccessDeniedException") as bus:
        done = played(build, bus)
        assert "the result of one is not sent yet: AccessDeniedException" in done.stderr
        assert build.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}).returncode == 1
    assert bus.entries == []


def test_a_bus_that_is_slow_and_then_answers(build: Build) -> None:
    with FakeBus(seconds=5) as bus:
        played(build, bus)
    assert len(bus.results) == 2
    assert [each["recording_error"] for each in bus.ends] == [""]
