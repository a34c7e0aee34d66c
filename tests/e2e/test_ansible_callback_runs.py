"""Real Ansible runs that end early, or with secrets, templates or a vault."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.ansible_runs import Build, FakeBus
from tests.support.callback_inventory import INVENTORY, SECRET, build_of_play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

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
    return build_of_play(tmp_path, INVENTORY, "small.yml", SMALL)


def test_an_unreachable_bus_fails_nothing_and_the_results_are_sent_later(small: Build) -> None:
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


def test_results_that_a_busy_bus_takes_later_are_not_said_to_be_missing(small: Build) -> None:
    with FakeBus(refusals=4) as bus:
        endpoint = {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}
        assert small.run("run-playbook", endpoint | {"POINTSMAN_EXTRA_VARS": '{"seconds": 0}'}).returncode == 0
        assert small.run("send-results", endpoint).returncode == 0
    assert [each["status"] for each in bus.results] == ["changed"]
    assert [each["results_missing"] for each in bus.ends] == [[]]


def _kill_with_children(parent: int) -> None:
    """Kill the runner, and Ansible, which has a process group of its own, as the end of a container does."""
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False).stdout.split()
    os.kill(parent, signal.SIGKILL)
    for child in children:
        os.killpg(int(child), signal.SIGKILL)


def test_the_results_of_a_killed_run_are_sent_and_marked(small: Build) -> None:
    spool = small.files / "host-results.jsonl"
    run = subprocess.Popen(
        [sys.executable, str(small.runner / "bin" / "run-playbook")],
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
    [recorded] = bus.results
    assert recorded["status"] == "failed"
    assert [each["name"] for each in recorded["tasks"]] == ["Change", "(the run was cut short)"]
    [end] = bus.ends
    assert (end["exit_status"], "killed before they reported" in end["reason"]) == (None, True)


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
    build = build_of_play(directory, TEMPLATED.replace("MARK", f"{directory}/mark"), "say.yml", SAY_IT)
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "ALPHA": "alpha-Value-11"})
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr, bus.results[0], directory / "mark"


def test_secrets_beside_an_undefined_variable_and_templated_ones_are_redacted(templated: Any) -> None:
    [recorded] = templated[1]["tasks"]
    assert recorded["message"].endswith("it is [redacted], [redacted] and [redacted]")


def test_an_undefined_variable_loses_no_instance_id_and_fails_nothing(templated: Any) -> None:
    output, recorded, _ = templated
    assert recorded["instance_id"] == "i-0123456789abcdef0"
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


def test_the_content_of_a_vault_is_never_reported(small: Build, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("open")
    encrypt = ["ansible-vault", "encrypt_string", "--vault-password-file", str(word), "--name", "plain_name", SECRET]
    done = subprocess.run(encrypt, env=small.environ, capture_output=True, text=True, check=True, timeout=300)
    small.write("vaulted.yml", done.stdout)
    small.write("small.yml", VAULTED)
    with FakeBus() as bus:
        given = {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "ANSIBLE_VAULT_PASSWORD_FILE": str(word)}
        assert small.run("run-playbook", given).returncode == 2
    [recorded] = bus.results[0]["tasks"]
    assert recorded["message"].endswith("it is [redacted]")


def test_results_in_check_mode_are_marked(small: Build) -> None:
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


def test_a_runner_that_fails_itself_says_so(tmp_path: Path) -> None:
    build = build_of_play(tmp_path, INVENTORY, "small.yml", SMALL)
    build.write("more.yml/readme.txt", "a directory with the name of a file")
    options = {"inventory": ["inventory/odd.yml"], "requirements": ["more.yml"]}
    with FakeBus() as bus:
        more = {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url, "POINTSMAN_OPTIONS": json.dumps(options)}
        done = build.run("run-playbook", more)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert [each["reason"] for each in bus.ends] == ["The runner failed: IsADirectoryError"]


ODD_BEGINNINGS = """
- name: Skip a meta task first, and change another host
  hosts: one
  gather_facts: false
  tasks:
    - ansible.builtin.meta: end_host
      when: false
    - name: Elsewhere
      ansible.builtin.command: "true"
      delegate_to: "{{ item }}"
      loop: [two, three, localhost]
- name: The host that was changed already
  hosts: two
  gather_facts: false
  tasks:
    - name: Own
      ansible.builtin.command: "true"
"""


INSTANCES = f"""
all:
  vars:
    ansible_connection: ansible.builtin.local
    ansible_python_interpreter: "{sys.executable}"
    ansible_become: false
  hosts:
    plain: {{instance_id: i-0123456789abcdef0}}
    other: {{instance_id: "{{{{ 'i-' ~ inventory_hostname }}}}", ansible_aws_ssm_instance_id: i-0123456789abcdef1}}
    template: {{instance_id: "{{{{ hostvars[inventory_hostname]['ansible_aws_ssm_instance_id'] | default(omit) }}}}"}}
    number: {{instance_id: 4711}}
"""


def test_an_instance_that_is_a_template_is_not_recorded_as_one(tmp_path: Path) -> None:
    """Nothing is rendered for the record, and the trail cannot read a result with such an instance."""
    play = "- {hosts: all, gather_facts: false, tasks: [{ansible.builtin.command: 'true'}]}\n"
    build = build_of_play(tmp_path, INSTANCES, "play.yml", play)
    with FakeBus() as bus:
        assert build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url}).returncode == 0
    assert {each["host"]: each["instance_id"] for each in bus.results} == {
        "plain": "i-0123456789abcdef0",
        "other": "i-0123456789abcdef1",
        "template": None,
        "number": "4711",
    }


def test_a_host_has_its_instance_whatever_is_reported_of_it_first(tmp_path: Path) -> None:
    build = build_of_play(tmp_path, INVENTORY, "beginnings.yml", ODD_BEGINNINGS)
    with FakeBus() as bus:
        done = build.run("run-playbook", {"AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url})
    assert done.returncode == 0, done.stdout + done.stderr
    instance = "i-0123456789abcdef0"
    assert {each["host"]: each["instance_id"] for each in bus.results} == {
        "one": instance,
        "two": instance,
        "three": instance,
        "localhost": None,
    }
