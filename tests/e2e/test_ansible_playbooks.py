"""Playbooks as people write them, in apply and in check: each is recorded as what happened, where it happened."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.ansible_runs import Build, FakeBus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

HERE = Path(__file__).parent / "playbooks"
PLAYBOOKS = {path.stem: path.read_text() for path in sorted((HERE / "plays").glob("*.yml"))}
RECORDED: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "recorded.yml").read_text())
FILES = {
    str(path.relative_to(HERE / "files")): path.read_text() for path in (HERE / "files").rglob("*") if path.is_file()
}

INVENTORY = f"""
all:
  vars:
    ansible_connection: ansible.builtin.local
    ansible_python_interpreter: "{sys.executable}"
    ansible_become: false
  children:
    web: {{hosts: {{web1: {{}}, web2: {{}}}}}}
    db: {{hosts: {{db1: {{}}}}}}
"""
# What check mode leaves behind all the same: the task says so itself.
WRITTEN_IN_CHECK = {"check-mode-false": ["looked"]}


@dataclass(frozen=True)
class Run:
    """What one run of a playbook gave."""

    status: int
    results: list[dict[str, Any]]
    end: dict[str, Any]
    sent: str
    written: list[str]


def _run(directory: Path, name: str, mode: str) -> Run:
    out = directory / "out"
    out.mkdir(parents=True)
    with FakeBus() as bus:
        build = Build.new(
            directory,
            POINTSMAN_OPTIONS='{"inventory": ["inventory/three.yml"]}',
            POINTSMAN_PLAYBOOK="one.yml",
            POINTSMAN_MODE=mode,
            POINTSMAN_EXTRA_VARS=json.dumps({"out": str(out)}),
            ANSIBLE_REMOTE_TEMP=str(directory / "remote"),
            ANSIBLE_ASYNC_DIR=str(directory / "async"),
            AWS_ENDPOINT_URL_EVENTBRIDGE=bus.url,
        )
        for path, text in {"inventory/three.yml": INVENTORY, "one.yml": PLAYBOOKS[name], **FILES}.items():
            build.write(path, text)
        done = build.run("run-playbook")
        [end] = bus.ends
        written = sorted(str(file.relative_to(out)) for file in out.rglob("*"))
        return Run(done.returncode, bus.results, end, json.dumps(bus.entries), written)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], "Future[Run]"]]:
    """Every playbook's runs, two at a time."""
    root = tmp_path_factory.mktemp("playbooks")
    with ThreadPoolExecutor(2) as pool:
        started = {}
        for name in PLAYBOOKS:
            for mode in ("apply", "check"):
                started[name, mode] = pool.submit(_run, root / f"{name}-{mode}", name, mode)
        yield started
        pool.shutdown(cancel_futures=True)


def _summary(detail: dict[str, Any]) -> str:
    """A host's result in one line: `changed: Write changed (for web1); ...`."""
    tasks = []
    for task in detail["tasks"]:
        more = [flag for flag in ("ignored", "rescued") if task[flag]]
        more += [f"for {task['on_behalf_of']}"] if task["on_behalf_of"] else []
        more += [f"on {task['delegated_to']}"] if task["delegated_to"] else []
        tasks.append(f"{task['name']} {task['status']}" + (f" ({', '.join(more)})" if more else ""))
    return ": ".join([str(detail["status"]), *(["; ".join(tasks)] if tasks else [])])


def test_there_are_playbooks_of_many_kinds() -> None:
    assert len(PLAYBOOKS) >= 40
    assert set(PLAYBOOKS) == set(RECORDED)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_is_recorded_as_what_happened(runs: dict[tuple[str, str], "Future[Run]"], name: str) -> None:
    run = runs[name, "apply"].result()
    expected = RECORDED[name]
    assert {each["host"]: _summary(each) for each in run.results} == expected["hosts"]
    assert run.status == run.end["exit_status"] == expected["exit_status"]
    assert sorted(run.end["hosts_cut_off"]) == expected["cut_off"]
    assert "Canary-" not in run.sent
    assert bool(run.end["reason"]) == bool(run.status)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_check_of_it_writes_nothing_and_says_that_it_checks(
    runs: dict[tuple[str, str], "Future[Run]"], name: str
) -> None:
    run = runs[name, "check"].result()
    assert {each["mode"] for each in [*run.results, run.end]} == {"check"}
    assert run.written == WRITTEN_IN_CHECK.get(name, [])
    assert "Canary-" not in run.sent
