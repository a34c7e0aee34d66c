"""Measure what recording costs a play: the same play with and without the callback, one after the other.

`python -m bench.callback [--hosts 10] [--tasks 30] [--rounds 5]`: some minutes. CPU seconds are those of Ansible and
its workers together, wall time is the play's; both are the least of all rounds. A figure that misses the goal of 3 % is
not a failure.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

RUNNER: Final = Path(__file__).resolve().parents[1] / "runner"
KINDS: Final = {
    "no module: debug": ("ansible.builtin.debug: {msg: hello}", False),
    "a module, unchanged": ("ansible.builtin.command: echo\n      changed_when: false", True),
    "a module, changed with a diff": (
        'ansible.builtin.copy: {content: "{{ lines }}", dest: "{{ out }}/{{ inventory_hostname }}-NUMBER"}',
        True,
    ),
}
LINES: Final = 40


@dataclass(frozen=True)
class Cost:
    """What a play took."""

    cpu: float
    wall: float


def main() -> None:
    """Print a table."""
    given = _arguments()
    table = Table(title=f"{given.hosts} hosts, forks {given.forks}, the least of {given.rounds} rounds")
    for column in ("tasks", "results", "CPU ms each", "recording, CPU ms each", "CPU %", "wall %"):
        table.add_column(column)
    for name, (task, has_module) in [(name, kind) for name, kind in KINDS.items() if given.only in name]:
        tasks = given.tasks if has_module else given.tasks * 4
        table.add_row(name, *_row(task, tasks, given))
    Console().print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--forks", type=int, default=2)
    parser.add_argument("--only", default="", help="part of the name of the kinds of tasks to measure")
    return parser.parse_args()


def _row(task: str, tasks: int, given: argparse.Namespace) -> list[str]:
    without: list[Cost] = []
    recorded: list[Cost] = []
    results = tasks * given.hosts
    for round_number in range(given.rounds):
        runs = [(without, False), (recorded, True)]
        for costs, records in runs if round_number % 2 else reversed(runs):
            costs.append(_play(task, tasks, given, records=records))
    cpu, more = (min(each.cpu for each in costs) for costs in (without, recorded))
    wall, slower = (min(each.wall for each in costs) for costs in (without, recorded))
    return [
        f"{results:,}",
        f"{cpu / results * 1e3:.1f}",
        f"{(more - cpu) / results * 1e3:.2f}",
        f"{(more / cpu - 1) * 100:+.1f}",
        f"{(slower / wall - 1) * 100:+.1f}",
    ]


def _play(task: str, tasks: int, given: argparse.Namespace, *, records: bool) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hosts.yml").write_text(_inventory(given.hosts))
        (folder / "play.yml").write_text(_playbook(task, tasks, folder))
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "--diff", "play.yml"]
        environ = {**os.environ, **_settings(folder, given), **(_recording(folder) if records else {})}
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if records and (folder / "spool").read_text().count('"kind":"task"') < tasks * given.hosts:
            raise SystemExit("the callback did not record every task")
        return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def _inventory(hosts: int) -> str:
    names = "".join(f"    host-{number}:\n" for number in range(hosts))
    variables = f'ansible_connection: local\n    ansible_python_interpreter: "{sys.executable}"'
    return f"all:\n  vars:\n    {variables}\n    db_password: a-secret-of-the-hosts\n  hosts:\n{names}"


def _playbook(task: str, tasks: int, folder: Path) -> str:
    lines = "".join(f"setting-{number} = {number * 7919}\\n" for number in range(LINES))
    head = f'- hosts: all\n  gather_facts: false\n  vars: {{out: {folder}, lines: "{lines}"}}\n  tasks:\n'
    each = [f"    - name: Task {number}\n      {task.replace('NUMBER', str(number))}\n" for number in range(tasks)]
    return head + "".join(each)


def _settings(folder: Path, given: argparse.Namespace) -> dict[str, str]:
    return {
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_FORKS": str(given.forks),
        "ANSIBLE_NOCOLOR": "1",
    }


def _recording(folder: Path) -> dict[str, str]:
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "pointsman",
        "ANSIBLE_CALLBACK_PLUGINS": str(RUNNER / "callback_plugins"),
        "POINTSMAN_SPOOL": str(folder / "spool"),
        "POINTSMAN_RUNNER": "true",
    }


if __name__ == "__main__":
    main()
