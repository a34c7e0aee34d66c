"""A real Ansible run with tasks that are hard to record."""

import json
import subprocess
from typing import Any

import pytest

from tests.support.ansible_runs import BUILD, COMMIT, FakeBus
from tests.support.callback_inventory import INVENTORY, SECRET, build_of_play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

ODD = """
- name: Odd things
  hosts: all
  gather_facts: false
  tasks:
    - name: Write settings
      ansible.builtin.copy:
        content: "user: me\\npassword: {{ db_password }}\\n"
        dest: "{{ out }}/{{ inventory_hostname }}-settings"
        mode: "0600"
      notify: Tell the handler
    - name: Write some
      ansible.builtin.copy:
        content: "{{ item }}\\n"
        dest: "{{ out }}/{{ inventory_hostname }}-{{ item }}"
        mode: "0600"
      loop: [alpha, beta]
    - name: Write a secret for {{ whom }}
      ansible.builtin.copy:
        content: "nothing names it: {{ db_password }}\\n"
        dest: "{{ out }}/{{ inventory_hostname }}-secret"
        mode: "0600"
      no_log: true
    - name: Write bytes
      ansible.builtin.copy:
        src: /bin/true
        dest: "{{ out }}/{{ inventory_hostname }}-bytes"
        mode: "0600"
    - name: 7
      ansible.builtin.command: "echo hello"
    - ansible.builtin.command: "echo no name"
    - name: Never
      ansible.builtin.command: "false"
      when: false
    - name: Forgiven
      ansible.builtin.shell: "echo cannot log in with {{ db_password }} >&2; exit 4"
      ignore_errors: true
    - name: Somewhere else
      ansible.builtin.command: "true"
      delegate_to: two
    - name: A block
      block:
        - name: Go wrong
          ansible.builtin.command: "false"
      rescue:
        - name: Make good
          ansible.builtin.debug:
            msg: made good
    - ansible.builtin.meta: noop
    - name: Include what is not there
      ansible.builtin.include_tasks: missing.yml
      when: inventory_hostname == "three"
    - name: Break the first
      ansible.builtin.command: "ls /no/such/place"
      when: inventory_hostname == "one"
  handlers:
    - name: Tell the handler
      ansible.builtin.command: "echo handled"
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """The odd playbook's run, and what the bus got of each host."""
    directory = tmp_path_factory.mktemp("odd")
    (directory / "out").mkdir()
    build = build_of_play(directory, INVENTORY, "odd.yml", ODD)
    variables = json.dumps({"out": str(directory / "out")})
    with FakeBus(refusals=1) as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "POINTSMAN_EXTRA_VARS": variables})
        after = build.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url})
    assert (after.returncode, after.stdout) == (0, "pointsman: all host results are sent\n")
    assert len(bus.results) == 4
    return done, {each["host"]: each for each in bus.results}


def test_ansibles_own_exit_status_is_kept(odd: Any) -> None:
    done, _ = odd
    assert done.returncode == 4, done.stdout + done.stderr
    assert "could not record" not in done.stdout + done.stderr


def test_every_event_says_which_run_it_is_of(odd: Any) -> None:
    for recorded in odd[1].values():
        assert (recorded["rollout"], recorded["target"], recorded["attempt"]) == (
            "r-3f2a9c0d1e2b4a56",
            "dev/eu-west-1",
            1,
        )
        assert (recorded["mode"], recorded["build_arn"], recorded["commit"]) == ("apply", BUILD, COMMIT)
        assert recorded["instance_id"] == "i-0123456789abcdef0"
        assert recorded["started_at"] <= recorded["ended_at"]


def test_the_counts_are_those_of_ansibles_recap_with_each_change_where_it_happened(odd: Any) -> None:
    done, recorded = odd
    for host, each in recorded.items():
        recap = next(line for line in done.stdout.splitlines() if line.startswith(f"{host} "))
        counts = {name: int(number) for name, number in (pair.split("=") for pair in recap.split(":")[1].split())}
        elsewhere = {"one": -1, "three": -1, "two": 2}.get(host, 0)  # "Somewhere else" is delegated to two
        counts["changed"] += elsewhere
        counts["ok"] += max(elsewhere, 0)
        assert each["counts"] == counts


def test_each_host_has_its_own_status(odd: Any) -> None:
    assert {host: each["status"] for host, each in odd[1].items()} == {
        "one": "failed",
        "two": "changed",
        "three": "failed",
        "gone": "unreachable",
    }


def test_no_secret_is_in_any_event(odd: Any) -> None:
    recorded = json.dumps(odd[1])
    assert SECRET not in recorded
    assert "nobody-may-know" not in recorded


def tasks(odd: Any, host: str) -> dict[str, Any]:
    return {each["name"]: each for each in odd[1][host]["tasks"]}


def test_only_changed_and_failed_tasks_are_reported(odd: Any) -> None:
    names = [each["name"] for each in odd[1]["one"]["tasks"]]
    assert names == [
        "Write settings",
        "Write some",
        "Write some",
        "Write a secret for {{ whom }}",
        "Write bytes",
        "7",
        "ansible.builtin.command",
        "Forgiven",
        "Go wrong",
        "Break the first",
    ]
    assert "Tell the handler" in tasks(odd, "two")


def test_a_failure_says_where_and_why(odd: Any) -> None:
    broken = tasks(odd, "one")["Break the first"]
    assert broken["status"] == "failed"
    assert broken["ignored"] is False
    assert broken["path"].startswith("odd.yml:")
    assert broken["action"] == "ansible.builtin.command"
    assert "No such file or directory" in broken["message"]
    assert broken["duration_seconds"] > 0


def test_failures_that_did_not_count_are_marked(odd: Any) -> None:
    recorded = tasks(odd, "two")
    assert (recorded["Forgiven"]["ignored"], recorded["Forgiven"]["rescued"]) == (True, False)
    assert (recorded["Go wrong"]["ignored"], recorded["Go wrong"]["rescued"]) == (False, True)


def test_a_delegated_change_is_reported_where_it_happened(odd: Any) -> None:
    delegated = [each for each in odd[1]["two"]["tasks"] if each["name"] == "Somewhere else"]
    assert sorted(each["on_behalf_of"] or "two" for each in delegated) == ["one", "three", "two"]


def test_a_file_that_is_not_there_is_a_failure_with_its_reason(odd: Any) -> None:
    recorded = tasks(odd, "three")["Include what is not there"]
    assert (recorded["status"], recorded["ignored"]) == ("failed", False)
    assert "missing.yml" in recorded["message"]


def test_diffs_are_reported_without_secrets(odd: Any) -> None:
    recorded = tasks(odd, "two")
    assert "+user: me" in recorded["Write settings"]["diff"]
    assert "+password: [redacted]" in recorded["Write settings"]["diff"]
    items = [each["diff"] for each in odd[1]["two"]["tasks"] if each["name"] == "Write some"]
    assert [each.count("@@ -0,0 +1 @@") for each in items] == [1, 1]
    assert (
        recorded["Write a secret for {{ whom }}"]["diff"],
        recorded["Write a secret for {{ whom }}"]["message"],
    ) == (
        None,
        None,
    )
    assert "binary" in recorded["Write bytes"]["diff"]


def test_an_unreachable_host_says_so(odd: Any) -> None:
    [only] = odd[1]["gone"]["tasks"]
    assert (only["status"], only["name"]) == ("unreachable", "Write settings")
    assert "port 1" in only["message"]
