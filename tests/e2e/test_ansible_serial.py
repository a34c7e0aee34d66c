"""The batch size of a wave in real Ansible: which hosts begin after which, what is recorded, and where a run stops."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.ansible_runs import Build, FakeBus
from tests.support.callback_inventory import at_home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

INVENTORY = f"""
all:
  vars:
    ansible_connection: ansible.builtin.local
    ansible_python_interpreter: "{sys.executable}"
    ansible_become: false
  hosts: {{a: {{}}, b: {{}}, c: {{}}, d: {{}}}}
"""
PLAY = """
- name: {name}
  hosts: {hosts}
  gather_facts: false
  {more}
  tasks:
    - name: Begin
      ansible.builtin.shell: echo "begin {{{{ inventory_hostname }}}}" >> {{{{ out }}}}
    - name: Fail
      ansible.builtin.fail: {{msg: disk full}}
      when: inventory_hostname in {fails}
    - name: End
      ansible.builtin.shell: echo "end {{{{ inventory_hostname }}}}" >> {{{{ out }}}}
"""
WAVE = "pointsman: the wave of this target sets serial"


def play(name: str = "Web", hosts: str = "all", more: str = "", fails: tuple[str, ...] = ()) -> str:
    return PLAY.format(name=name, hosts=hosts, more=more, fails=list(fails))


class Result(NamedTuple):
    """What a run did, in order, and what it said."""

    status: int
    did: list[str]
    log: str
    hosts: dict[str, str]
    end: dict[str, Any]

    @property
    def batches(self) -> list[set[str]]:
        """The hosts that began after one another: a batch begins when all hosts before it have ended."""
        found: list[set[str]] = []
        open_hosts: set[str] = set()
        for line in self.did:
            kind, host = line.split()
            if kind == "begin":
                if not open_hosts:
                    found.append(set())
                found[-1].add(host)
                open_hosts.add(host)
            else:
                open_hosts.remove(host)
        return found


def run(directory: Path, files: dict[str, str], serial: str | None) -> Result:
    out = directory / "done"
    options = {"inventory": ["inventory/four.yml"], **({"serial": serial} if serial else {})}
    with FakeBus() as bus:
        build = Build.new(
            directory,
            POINTSMAN_OPTIONS=json.dumps(options),
            POINTSMAN_PLAYBOOK="serial.yml",
            POINTSMAN_EXTRA_VARS=json.dumps({"out": str(out)}),
            AWS_ENDPOINT_URL_EVENTBRIDGE=bus.url,
            **at_home(directory),
        )
        for name, text in {"inventory/four.yml": INVENTORY, **files}.items():
            build.write(name, text)
        done = build.run("run-playbook")
    [end] = bus.ends
    hosts = {each["host"]: each["status"] for each in bus.results}
    return Result(done.returncode, out.read_text().splitlines(), done.stdout + done.stderr, hosts, end)


CHANGED = dict.fromkeys("abcd", "changed")


@pytest.mark.parametrize(
    ("serial", "batches"),
    [
        ("1", [{"a"}, {"b"}, {"c"}, {"d"}]),
        ("25%", [{"a"}, {"b"}, {"c"}, {"d"}]),
        ("3", [{"a", "b", "c"}, {"d"}]),
        (None, [{"a", "b", "c", "d"}]),
    ],
)
def test_hosts_go_in_batches_of_the_wave(tmp_path: Path, serial: str | None, batches: list[set[str]]) -> None:
    done = run(tmp_path, {"serial.yml": play()}, serial)
    assert (done.status, done.batches) == (0, batches), done.log
    assert (done.hosts, done.end["hosts"], done.end["hosts_cut_off"]) == (CHANGED, 4, [])
    assert [line for line in done.log.splitlines() if WAVE in line] == (
        [f"{WAVE}: {serial} in every play"] if serial else []
    )


def test_without_a_batch_size_the_plays_own_one_stays(tmp_path: Path) -> None:
    done = run(tmp_path, {"serial.yml": play(more="serial: 2")}, None)
    assert done.batches == [{"a", "b"}, {"c", "d"}], done.log
    assert WAVE not in done.log


def test_plays_of_every_kind_get_it_and_imported_ones_too(tmp_path: Path) -> None:
    files = {
        "serial.yml": "- import_playbook: more/imported.yml\n"
        + play("Local", "localhost")
        + play("Free", more="strategy: free"),
        "more/imported.yml": play("Imported", more="serial: [2, '100%']"),
    }
    done = run(tmp_path, files, "1")
    one_by_one = [{"a"}, {"b"}, {"c"}, {"d"}]
    assert (done.status, done.batches) == (0, [*one_by_one, {"localhost"}, *one_by_one]), done.log
    assert f"{WAVE}: 1 in every play, in place of the serial of Imported\n" in done.log


def test_a_failed_host_stops_the_run_and_the_others_are_cut_off(tmp_path: Path) -> None:
    done = run(tmp_path, {"serial.yml": play(fails=("b",)) + play("Next")}, "1")
    assert done.status == 2
    assert done.did == ["begin a", "end a", "begin b"]
    assert done.hosts == {"a": "changed", "b": "failed"}
    # Ansible never began the second play, in which "a" has a part, too.
    assert sorted(done.end["hosts_cut_off"]) == ["a", "c", "d"]
    assert done.end["reason"] == "1 host failed: b"


@pytest.mark.parametrize(
    ("more", "began", "cut_off"),
    [("", ["a", "b", "c", "d"], []), ("max_fail_percentage: 49", ["a", "b"], ["b", "c", "d"])],
    ids=["others of its batch did not fail", "max_fail_percentage"],
)
def test_a_batch_that_failed_in_part_stops_the_run_only_where_the_play_says_so(
    tmp_path: Path, more: str, began: list[str], cut_off: list[str]
) -> None:
    done = run(tmp_path, {"serial.yml": play(fails=("a",), more=more)}, "2")
    assert done.status == 2
    assert sorted(line.removeprefix("begin ") for line in done.did if line.startswith("begin")) == began
    assert sorted(done.end["hosts_cut_off"]) == cut_off
