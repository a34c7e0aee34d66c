"""The inventory of the end-to-end tests of the recording callback: three hosts on this machine, one unreachable."""

import sys
from pathlib import Path

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
