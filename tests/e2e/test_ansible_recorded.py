"""A real Ansible run with every kind of task: each is recorded as what it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.ansible_runs import Build, FakeBus
from tests.support.callback_inventory import INVENTORY, at_home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

EVERY_KIND = """
- name: Every kind
  hosts: all
  gather_facts: false
  tasks:
    - name: Retry until it works
      ansible.builtin.shell: "echo x >> {{ file }}; test $(wc -l < {{ file }}) = 3"
      vars: {file: "{{ out }}/{{ inventory_hostname }}-tries"}
      register: tries
      until: tries is succeeded
      retries: 4
      delay: 0
    - name: Retry in vain
      ansible.builtin.command: "false"
      register: vain
      until: vain is succeeded
      retries: 2
      delay: 0
      ignore_errors: true
    - name: Loop
      ansible.builtin.copy:
        content: "{{ item.name }}\\n"
        dest: "{{ out }}/{{ inventory_hostname }}-{{ item.name }}"
        mode: "0600"
      loop:
        - {name: alpha, db_password: "{{ db_password }}"}
        - {name: beta, db_password: "{{ db_password }}"}
        - {name: alpha, db_password: "{{ db_password }}"}
      notify: Tell the handler
    - name: Loop with retries
      ansible.builtin.shell: "echo x >> {{ file }}; test $(wc -l < {{ file }}) = {{ item }}"
      vars: {file: "{{ out }}/{{ inventory_hostname }}-{{ item }}"}
      register: each
      until: each is succeeded
      retries: 5
      delay: 0
      loop: [1, 2]
    - name: Block
      block:
        - name: Partly wrong
          ansible.builtin.command: "{{ item }}"
          loop: ["true", "false"]
      rescue:
        - name: Make good
          ansible.builtin.command: "true"
      always:
        - name: Tidy up
          ansible.builtin.command: "true"
    - name: Delegate
      ansible.builtin.command: "true"
      delegate_to: two
      when: inventory_hostname == "one"
    - name: Once
      ansible.builtin.command: "true"
      run_once: true
    - name: Start in the background
      ansible.builtin.command: "true"
      async: 60
      poll: 0
      register: job
    - name: Wait for it
      ansible.builtin.async_status:
        jid: "{{ job.ansible_job_id }}"
      register: job_result
      until: job_result is finished
      retries: 200
      delay: 1
      when: not ansible_check_mode
    - name: Polled
      ansible.builtin.command: "true"
      async: 60
      poll: 1
    - name: Only check
      ansible.builtin.copy:
        content: "never written\\n"
        dest: "{{ out }}/{{ inventory_hostname }}-never"
        mode: "0600"
      check_mode: true
    - name: Even in a check
      ansible.builtin.copy:
        content: "written\\n"
        dest: "{{ out }}/{{ inventory_hostname }}-always-{{ ansible_check_mode }}"
        mode: "0600"
      check_mode: false
    - ansible.builtin.include_role:
        name: included
    - ansible.builtin.import_role:
        name: imported
    - name: Ignore it
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: Not there, but never mind
      ansible.builtin.ping:
      ignore_unreachable: true
      vars:
        ansible_connection: ansible.builtin.ssh
        ansible_host: 127.0.0.1
        ansible_port: 1
      when: inventory_hostname == "one"
    - name: Nothing new
      ansible.builtin.command: "true"
      changed_when: false
    - name: Break
      ansible.builtin.command: "false"
      when: inventory_hostname == "three"
  handlers:
    - name: Tell the handler
      ansible.builtin.command: "echo handled"
"""
OF_A_ROLE = """
- name: In the {name} role
  ansible.builtin.command: "true"
"""


def run(directory: Path, mode: str, limit: str = "all") -> tuple[str, dict[str, Any]]:
    """What the run printed, and what the bus got of each host."""
    build = Build.new(
        directory,
        POINTSMAN_OPTIONS='{"inventory": ["inventory/kinds.yml"]}',
        POINTSMAN_PLAYBOOK="kinds.yml",
        POINTSMAN_MODE=mode,
        POINTSMAN_LIMIT=limit,
        ANSIBLE_ASYNC_DIR=str(directory / "async"),
        **at_home(directory),
    )
    (directory / "out").mkdir()
    build.write("inventory/kinds.yml", INVENTORY)
    build.write("kinds.yml", EVERY_KIND)
    for role in ("included", "imported"):
        build.write(f"roles/{role}/tasks/main.yml", OF_A_ROLE.format(name=role))
    given = {"POINTSMAN_EXTRA_VARS": json.dumps({"out": str(directory / "out")})}
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, **given})
    output = done.stdout + done.stderr
    assert "could not record" not in output
    assert "PLAY RECAP" in output, output
    return output, {each["host"]: each for each in bus.results}


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    return run(tmp_path_factory.mktemp("applied"), "apply")


def tasks(recorded: dict[str, Any], host: str, name: str) -> list[dict[str, Any]]:
    return [each for each in recorded[host]["tasks"] if each["name"] == name]


def one(recorded: dict[str, Any], name: str, host: str = "two") -> dict[str, Any]:
    [task] = tasks(recorded, host, name)
    return task


def test_retries_have_the_number_of_attempts(applied: Any) -> None:
    _, recorded = applied
    assert (one(recorded, "Retry until it works")["attempts"], one(recorded, "Retry until it works")["status"]) == (
        3,
        "changed",
    )
    assert (one(recorded, "Retry in vain")["attempts"], one(recorded, "Retry in vain")["ignored"]) == (3, True)
    attempts = {each["item"]: each.get("attempts", 1) for each in tasks(recorded, "two", "Loop with retries")}
    assert attempts == {"1": 1, "2": 2}
    assert "attempts" not in one(recorded, "Make good")


def test_a_loop_has_one_entry_for_each_item_that_changed_with_its_label_redacted(applied: Any) -> None:
    items = tasks(applied[1], "two", "Loop")
    assert [each["changed_paths"][0].rpartition("-")[2] for each in items] == ["alpha", "beta"]
    assert ["alpha" in each["item"] for each in items] == [True, False]
    assert all("hunter2" not in each["item"] and "[redacted]" in each["item"] for each in items)
    assert [each["diff"].count("@@") for each in items] == [2, 2]


def test_a_rescued_failure_is_shown_and_does_not_fail_the_host(applied: Any) -> None:
    _, recorded = applied
    wrong = tasks(recorded, "two", "Partly wrong")
    assert [(each["item"], each["status"], each["rescued"]) for each in wrong] == [
        ("false", "failed", True),
        ("true", "changed", False),
    ]
    assert recorded["two"]["counts"]["rescued"] == 1
    assert (recorded["two"]["status"], recorded["two"]["counts"]["failed"]) == ("changed", 0)


def test_a_delegated_change_is_on_the_host_where_it_happened_and_says_for_whom(applied: Any) -> None:
    _, recorded = applied
    assert tasks(recorded, "one", "Delegate") == []
    assert one(recorded, "Delegate", "two")["on_behalf_of"] == "one"


def test_what_ran_once_handlers_and_roles_are_named_as_such(applied: Any) -> None:
    _, recorded = applied
    once = [(host, each.get("run_once")) for host in recorded for each in tasks(recorded, host, "Once")]
    assert once == [("one", True)]
    assert [one(recorded, "Tell the handler").get("handler"), one(recorded, "Make good").get("handler")] == [True, None]
    for role in ("included", "imported"):
        task = one(recorded, f"In the {role} role")
        assert (task["role"], task["path"]) == (role, f"roles/{role}/tasks/main.yml:2")


def test_background_jobs_are_followed_by_their_id(applied: Any) -> None:
    _, recorded = applied
    started, waited = one(recorded, "Start in the background"), one(recorded, "Wait for it")
    assert (started["async_finished"], waited["async_finished"]) == (False, True)
    assert started["async_job"] == waited["async_job"]
    assert one(recorded, "Polled")["async_finished"] is True


def test_a_task_that_only_checked_is_not_counted_as_a_change(applied: Any) -> None:
    output, recorded = applied
    assert one(recorded, "Only check")["check_mode"] is True
    assert "check_mode" not in one(recorded, "Even in a check")
    recap = next(line for line in output.splitlines() if line.startswith("three "))
    printed = int(recap.split("changed=")[1].split()[0])
    assert recorded["three"]["counts"]["changed"] == printed - 1


def test_failures_that_did_not_count_are_marked_and_the_one_that_counted_is_not(applied: Any) -> None:
    _, recorded = applied
    assert one(recorded, "Ignore it")["ignored"] is True
    never_mind = one(recorded, "Not there, but never mind", "one")
    assert (never_mind["status"], never_mind["ignored"]) == ("unreachable", True)
    assert (recorded["one"]["status"], recorded["three"]["status"], recorded["gone"]["status"]) == (
        "changed",
        "failed",
        "unreachable",
    )
    broken = one(recorded, "Break", "three")
    assert (broken["ignored"], broken["rescued"]) == (False, False)
    assert tasks(recorded, "two", "Nothing new") == []


def test_a_check_has_what_would_change_and_says_what_did(tmp_path: Path) -> None:
    _, recorded = run(tmp_path, "check", "two")
    assert {each["mode"] for each in recorded.values()} == {"check"}
    would = tasks(recorded, "two", "Loop")
    assert [each["status"] for each in would] == ["changed", "changed", "changed"]
    assert one(recorded, "Even in a check")["check_mode"] is False
    assert (tmp_path / "out" / "two-always-True").read_text() == "written\n"
    assert not (tmp_path / "out" / "two-alpha").exists()
