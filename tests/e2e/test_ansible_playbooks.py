"""Playbooks as people write them, in apply and in check: each is recorded as what happened, where it happened."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.ansible_runs import LOCAL_INVENTORY, Build, FakeBus

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
    ansible_python_interpreter: "{LOCAL_INVENTORY / "run-module"}" # starts modules faster
    ansible_module_compression: ZIP_STORED
    ansible_become: false
  children:
    web: {{hosts: {{web1: {{}}, web2: {{}}}}}}
    db: {{hosts: {{db1: {{}}}}}}
"""
# What runs to its end, on every host, is checked in one run.
TOGETHER = [name for name, record in RECORDED.items() if not (record["exit_status"] or record["cut_off"])]
ALONE = [name for name in PLAYBOOKS if name not in TOGETHER]
# What check mode leaves behind all the same: the task says so itself.
WRITTEN_IN_CHECK = {"check-mode-false": ["looked"]}


@dataclass(frozen=True)
class Run:
    """What one run gave."""

    status: int
    plays: int
    results: list[dict[str, Any]]
    end: dict[str, Any]
    sent: str
    written: list[str]


type Runs = Mapping[tuple[str, str], Future[Run]]
"""By playbook and mode."""


def _run(directory: Path, names: Sequence[str], mode: str) -> Run:
    out = directory / "out"
    out.mkdir(parents=True)
    with FakeBus() as bus:
        build = Build.new(
            directory,
            POINTSMAN_OPTIONS='{"inventory": ["inventory/three.yml"]}',
            POINTSMAN_PLAYBOOK="all.yml" if names[1:] else f"{names[0]}.yml",
            POINTSMAN_MODE=mode,
            POINTSMAN_EXTRA_VARS=json.dumps({"out": str(out)}),
            ANSIBLE_REMOTE_TEMP=str(directory / "remote"),
            ANSIBLE_ASYNC_DIR=str(directory / "async"),
            AWS_ENDPOINT_URL_EVENTBRIDGE=bus.url,
        )
        playbooks = {f"{name}.yml": PLAYBOOKS[name] for name in names}
        imports = "".join(f"- import_playbook: {playbook}\n" for playbook in playbooks)
        for path, text in {"inventory/three.yml": INVENTORY, **playbooks, "all.yml": imports, **FILES}.items():
            build.write(path, text)
        done = build.run("run-playbook")
        [end] = bus.ends
        written = sorted(str(file.relative_to(out)) for file in out.rglob("*"))
        return Run(done.returncode, done.stdout.count("\nPLAY ["), bus.results, end, json.dumps(bus.entries), written)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Every playbook's runs, two at a time."""
    root = tmp_path_factory.mktemp("playbooks")
    with ThreadPoolExecutor(2) as pool:
        together = pool.submit(_run, root / "together-check", TOGETHER, "check")
        started = {(name, "check"): together for name in TOGETHER}
        for name in PLAYBOOKS:
            started[name, "apply"] = pool.submit(_run, root / f"{name}-apply", [name], "apply")
            if name in ALONE:
                started[name, "check"] = pool.submit(_run, root / f"{name}-check", [name], "check")
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
def test_a_playbook_is_recorded_as_what_happened(runs: Runs, name: str) -> None:
    run = runs[name, "apply"].result()
    expected = RECORDED[name]
    assert {each["host"]: _summary(each) for each in run.results} == expected["hosts"]
    assert run.status == run.end["exit_status"] == expected["exit_status"]
    assert sorted(run.end["hosts_cut_off"]) == expected["cut_off"]
    assert "Canary-" not in run.sent
    assert bool(run.end["reason"]) == bool(run.status)


@pytest.mark.parametrize("name", ALONE)
def test_a_check_of_it_writes_nothing_and_says_that_it_checks(runs: Runs, name: str) -> None:
    assert_checked(runs[name, "check"].result(), [name])


def test_a_check_of_those_that_succeed_writes_nothing_and_says_that_it_checks(runs: Runs) -> None:
    run = runs[TOGETHER[0], "check"].result()
    assert_checked(run, TOGETHER)
    assert run.status == 0
    assert run.plays >= sum(len(yaml.safe_load(PLAYBOOKS[name])) for name in TOGETHER)


def assert_checked(run: Run, names: Sequence[str]) -> None:
    assert {each["mode"] for each in [*run.results, run.end]} == {"check"}
    assert run.written == sorted(path for name in names for path in WRITTEN_IN_CHECK.get(name, []))
    assert "Canary-" not in run.sent
