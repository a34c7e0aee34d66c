"""Real Ansible runs with everything that makes a recording callback stumble."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.ansible_runs import BUILD, COMMIT, Build, FakeBus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

SECRET = "hunter2-And-More"
INVENTORY = f"""
all:
  vars:
    ansible_connection: ansible.builtin.local
    ansible_python_interpreter: "{sys.executable}"
    ansible_become: false
    db_password: {SECRET}
    whom: nobody-may-know-2
    instance_id: i-0123456789abcdef0
  hosts:
    one: {{}}
    two: {{}}
    three: {{}}
    gone:
      ansible_connection: ansible.builtin.ssh
      ansible_host: 127.0.0.1
      ansible_port: 1
"""
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


def at_home(directory: Path) -> dict[str, str]:
    """A host that is this machine takes "~" from the user's record, not from HOME: its files go here instead."""
    return {"ANSIBLE_REMOTE_TEMP": str(directory / "remote")}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """The odd playbook's run, and what the bus got of each host."""
    directory = tmp_path_factory.mktemp("odd")
    (directory / "out").mkdir()
    build = Build.new(
        directory, POINTSMAN_INVENTORY="inventory/odd.yml", POINTSMAN_PLAYBOOK="odd.yml", **at_home(directory)
    )
    build.write("inventory/odd.yml", INVENTORY)
    build.write("odd.yml", ODD)
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
    for told in odd[1].values():
        assert (told["rollout"], told["target"], told["attempt"]) == ("r-3f2a9c0d1e2b4a56", "dev/eu-west-1", 1)
        assert (told["mode"], told["build_arn"], told["commit"]) == ("apply", BUILD, COMMIT)
        assert told["instance_id"] == "i-0123456789abcdef0"
        assert told["started_at"] <= told["ended_at"]


def test_the_counts_are_those_of_ansibles_recap_with_each_change_where_it_happened(odd: Any) -> None:
    done, told = odd
    for host, each in told.items():
        recap = next(line for line in done.stdout.splitlines() if line.startswith(f"{host} "))
        shown = {name: int(number) for name, number in (pair.split("=") for pair in recap.split(":")[1].split())}
        elsewhere = {"one": -1, "three": -1, "two": 2}.get(host, 0)  # "Somewhere else" is delegated to two
        shown["changed"] += elsewhere
        shown["ok"] += max(elsewhere, 0)
        assert each["counts"] == shown


def test_each_host_has_its_own_status(odd: Any) -> None:
    assert {host: each["status"] for host, each in odd[1].items()} == {
        "one": "failed",
        "two": "changed",
        "three": "failed",
        "gone": "unreachable",
    }


def test_no_secret_is_in_any_event(odd: Any) -> None:
    told = json.dumps(odd[1])
    assert SECRET not in told
    assert "nobody-may-know" not in told


def tasks(odd: Any, host: str) -> dict[str, Any]:
    return {each["name"]: each for each in odd[1][host]["tasks"]}


def test_changed_and_failed_tasks_are_told_and_no_others(odd: Any) -> None:
    names = [each["name"] for each in odd[1]["one"]["tasks"]]
    assert names == [
        "Write settings",
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
    told = tasks(odd, "two")
    assert (told["Forgiven"]["ignored"], told["Forgiven"]["rescued"]) == (True, False)
    assert (told["Go wrong"]["ignored"], told["Go wrong"]["rescued"]) == (False, True)


def test_a_delegated_change_is_told_where_it_happened(odd: Any) -> None:
    delegated = [each for each in odd[1]["two"]["tasks"] if each["name"] == "Somewhere else"]
    assert sorted(each["on_behalf_of"] or "two" for each in delegated) == ["one", "three", "two"]


def test_a_file_that_is_not_there_is_a_failure_with_its_reason(odd: Any) -> None:
    told = tasks(odd, "three")["Include what is not there"]
    assert (told["status"], told["ignored"]) == ("failed", False)
    assert "missing.yml" in told["message"]


def test_differences_are_told_without_secrets(odd: Any) -> None:
    told = tasks(odd, "two")
    assert "+user: me" in told["Write settings"]["diff"]
    assert "+password: [redacted]" in told["Write settings"]["diff"]
    assert told["Write some"]["diff"].count("@@ -0,0 +1 @@") == 2
    assert (told["Write a secret for {{ whom }}"]["diff"], told["Write a secret for {{ whom }}"]["message"]) == (
        None,
        None,
    )
    assert "binary" in told["Write bytes"]["diff"]


def test_an_unreachable_host_says_so(odd: Any) -> None:
    [only] = odd[1]["gone"]["tasks"]
    assert (only["status"], only["name"]) == ("unreachable", "Write settings")
    assert "port 1" in only["message"]


SMALL = """
- name: Small
  hosts: one
  gather_facts: false
  tasks:
    - name: Change
      ansible.builtin.command: "true"
    - name: Wait
      ansible.builtin.command: "sleep {{ seconds }}"
"""


@pytest.fixture
def small(tmp_path: Path) -> Build:
    build = Build.new(
        tmp_path, POINTSMAN_INVENTORY="inventory/odd.yml", POINTSMAN_PLAYBOOK="small.yml", **at_home(tmp_path)
    )
    build.write("inventory/odd.yml", INVENTORY)
    build.write("small.yml", SMALL)
    return build


def test_a_bus_out_of_reach_fails_nothing_and_is_told_afterwards(small: Build) -> None:
    done = small.run(
        "run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:1", "POINTSMAN_EXTRA_VARS": '{"seconds": 0}'}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the result of one is not sent yet" in done.stdout + done.stderr
    still = small.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:1"})
    assert still.returncode == 1
    assert json.loads(still.stdout.splitlines()[0])["host"] == "one"
    with FakeBus() as bus:
        assert small.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}).returncode == 0
        assert small.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}).returncode == 0
    assert [each["status"] for each in bus.results] == ["changed"]
    assert [each["exit_status"] for each in bus.ends] == [0]


def _kill_with_children(parent: int) -> None:
    """Kill the runner, and Ansible, which has a process group of its own, as the end of a container does."""
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False).stdout.split()
    os.kill(parent, signal.SIGKILL)
    for child in children:
        os.killpg(int(child), signal.SIGKILL)


def test_what_a_killed_run_did_is_told_and_flagged(small: Build) -> None:
    spool = small.root / ".build" / "host-results.jsonl"
    run = subprocess.Popen(
        [sys.executable, str(small.root / "bin" / "run-playbook")],
        env=small.environ | {"POINTSMAN_EXTRA_VARS": '{"seconds": 120}'},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 300
        while not (spool.exists() and '"name":"Change"' in spool.read_text()):
            assert time.monotonic() < until
            assert run.poll() is None
            time.sleep(0.05)
    finally:
        _kill_with_children(run.pid)
        run.wait()
    with FakeBus() as bus:
        assert small.run("send-results", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}).returncode == 0
    [told] = bus.results
    assert told["status"] == "failed"
    assert [each["name"] for each in told["tasks"]] == ["Change", "(the run was cut short)"]
    [end] = bus.ends
    assert (end["exit_status"], "killed before they reported" in end["reason"]) == (None, True)


def test_a_run_that_cannot_be_recorded_does_not_start_and_says_why(small: Build) -> None:
    done = small.run("run-playbook", {"POINTSMAN_EXTRA_VARS": '{"seconds": 0}', "POINTSMAN_SPOOL": "/proc/no/spool"})
    assert done.returncode == 2
    assert "results cannot be recorded in /proc/no/spool" in done.stderr
    assert "PLAY" not in done.stdout


TEMPLATED = """
all:
  vars:
    ansible_connection: ansible.builtin.local
    ansible_become: false
  hosts:
    one:
      unused: "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}"
      instance_id: i-0123456789abcdef0
      broken: "{{ nobody_defined_this }}"
      broken_token: "{{ nobody_defined_this }}"
      alpha_password: "{{ lookup('ansible.builtin.env', 'ALPHA') }}"
      beta_password: plain-Value-22
      gamma_password: "{{ hostvars['two'].phrase }}"
    two:
      unused: "{{ lookup('ansible.builtin.pipe', 'touch MARK') }}"
      phrase: gamma-Value-33
      broken: "{{ nobody_defined_this }}"
"""
SAY_IT = """
- name: Say it
  hosts: one
  gather_facts: false
  tasks:
    - name: Say it
      ansible.builtin.shell: "echo it is {{ alpha_password }}, {{ beta_password }} and {{ gamma_password }}; exit 1"
"""


@pytest.fixture(scope="module")
def templated(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], Path]:
    """What a run on hosts with templates for variables printed, what the bus got of it, and the unused one's mark."""
    directory = tmp_path_factory.mktemp("templated")
    build = Build.new(
        directory, POINTSMAN_INVENTORY="inventory/odd.yml", POINTSMAN_PLAYBOOK="say.yml", **at_home(directory)
    )
    build.write("inventory/odd.yml", TEMPLATED.replace("MARK", f"{directory}/mark"))
    build.write("say.yml", SAY_IT)
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "ALPHA": "alpha-Value-11"})
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr, bus.results[0], directory / "mark"


def test_secrets_beside_an_undefined_variable_and_templated_ones_are_redacted(templated: Any) -> None:
    [told] = templated[1]["tasks"]
    assert told["message"].endswith("it is [redacted], [redacted] and [redacted]")


def test_an_undefined_variable_costs_neither_the_instances_id_nor_a_fault(templated: Any) -> None:
    output, told, _ = templated
    assert told["instance_id"] == "i-0123456789abcdef0"
    assert "could not record" not in output


def test_variables_that_no_task_uses_are_not_rendered(templated: Any) -> None:
    assert not templated[2].exists()


NOBODY = """
all:
  children:
    role_web: {}
"""


def test_a_run_without_hosts_fails_and_says_what_to_check(small: Build) -> None:
    small.write("inventory/odd.yml", NOBODY)
    small.write("small.yml", SMALL.replace("hosts: one", "hosts: all"))
    done = small.run("run-playbook")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "this run reached no host" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert small.run("run-playbook", {"POINTSMAN_ALLOW_NO_HOSTS": "true"}).returncode == 0


VAULTED = """
- name: Vaulted
  hosts: one
  gather_facts: false
  vars_files: [vaulted.yml]
  tasks:
    - name: Say it
      ansible.builtin.shell: "echo it is {{ plain_name }}; exit 1"
"""


def test_what_a_vault_kept_is_told_by_nobody(small: Build, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("open")
    encrypt = ["ansible-vault", "encrypt_string", "--vault-password-file", str(word), "--name", "plain_name", SECRET]
    done = subprocess.run(encrypt, env=small.environ, capture_output=True, text=True, check=True, timeout=300)
    small.write("vaulted.yml", done.stdout)
    small.write("small.yml", VAULTED)
    with FakeBus() as bus:
        given = {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "ANSIBLE_VAULT_PASSWORD_FILE": str(word)}
        assert small.run("run-playbook", given).returncode == 2
    [told] = bus.results[0]["tasks"]
    assert told["message"].endswith("it is [redacted]")


def test_check_mode_is_told_as_such(small: Build) -> None:
    with FakeBus() as bus:
        variables = {
            "AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url,
            "POINTSMAN_EXTRA_VARS": '{"seconds": 0}',
            "POINTSMAN_MODE": "check",
        }
        assert small.run("run-playbook", variables).returncode == 0
    assert [each["mode"] for each in bus.results] == ["check"]


LOGGED = """
- name: Logged
  hosts: one
  gather_facts: false
  vars_files: [vaulted.yml]
  tasks:
    - ansible.builtin.copy:
        content: "{{ plain_name }}\\n"
        dest: "{{ out }}/logged"
        mode: "0600"
    - ansible.builtin.debug:
        msg: "{{ plain_name }}"
    - ansible.builtin.shell: "echo it is {{ plain_name }}; exit 1"
"""


def test_no_secret_is_in_the_builds_log(small: Build, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("open")
    small.write("vaulted.yml", f"plain_name: {SECRET}\n")
    encrypt = ["ansible-vault", "encrypt", "--vault-password-file", str(word), str(small.root / "vaulted.yml")]
    subprocess.run(encrypt, env=small.environ, capture_output=True, check=True, timeout=120)
    small.write("small.yml", LOGGED)
    given = {"ANSIBLE_VAULT_PASSWORD_FILE": str(word), "POINTSMAN_EXTRA_VARS": json.dumps({"out": str(tmp_path)})}
    done = small.run("run-playbook", given)
    assert done.returncode == 2, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert done.stdout.count("[redacted]") >= 3
