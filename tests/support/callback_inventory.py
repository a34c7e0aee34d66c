"""The inventory of the end-to-end tests of the recording callback: three hosts on this machine, one unreachable."""

import sys
from pathlib import Path

from tests.support.ansible_runs import Build

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


def at_home(directory: Path) -> dict[str, str]:
    """A host that is this machine takes "~" from the user's record, not from HOME: its files go here instead."""
    return {"ANSIBLE_REMOTE_TEMP": str(directory / "remote")}


def build_of_play(directory: Path, inventory: str, name: str, play: str) -> Build:
    """A build below `directory` of a playbook with an inventory of its own, whose hosts are this machine."""
    build = Build.new(
        directory,
        POINTSMAN_OPTIONS='{"inventory": ["inventory/odd.yml"]}',
        POINTSMAN_PLAYBOOK=name,
        **at_home(directory),
    )
    build.write("inventory/odd.yml", inventory)
    build.write(name, play)
    return build
