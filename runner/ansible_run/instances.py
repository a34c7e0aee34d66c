"""A run on some EC2 instances alone: which hosts of the inventory they are, and when they answer.

The run knows ids of instances, and every inventory names its hosts in its own way. So a last inventory puts the hosts
with these ids into a group, by the variable that Pointsman's inventory and its group pointsman_ssm have.
"""

import json
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from pathlib import Path

from .directories import BUILD_DIRECTORY

GROUP = "pointsman_instances"
INVENTORY_FILE = BUILD_DIRECTORY / "instances.yml"
PLUGIN = "ansible.builtin.constructed"
# A new instance needs a minute or two until its SSM agent answers. After this time Ansible reports it as unreachable.
SECONDS_TO_ANSWER = 300
NO_HOSTS = re.compile(r"leaves us with no hosts to target|hosts list is empty|No hosts matched")

_KEPT = ("--inventory=", "--limit=", "--extra-vars=")  # the options that concern hosts and connections


def within(limit: str) -> str:
    """Return the host pattern of these instances within `limit`.

    Ansible splits at commas alone if there is one, and it reads an IPv6 address as one name.
    """
    if not limit:
        return GROUP
    separator = "," if "," in limit or _is_ipv6(limit) else ":"
    return f"{limit}{separator}&{GROUP}"


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False


def write_inventory(instances: str) -> Path:
    """Write the inventory that groups the hosts of these instances, whose ids are separated by commas."""
    listed = json.dumps(instances.split(","))
    condition = f"(instance_id | default(ansible_aws_ssm_instance_id | default(''))) in {listed}"
    content = {"plugin": PLUGIN, "strict": False, "groups": {GROUP: condition}}
    INVENTORY_FILE.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return INVENTORY_FILE


def waiting_command(playbook_command: Sequence[str]) -> list[str]:
    """Return the command that waits until these hosts answer, or for SECONDS_TO_ANSWER."""
    options = [option for option in playbook_command if option.startswith(_KEPT)]
    arguments = f"timeout={SECONDS_TO_ANSWER} sleep=5"
    return ["ansible", GROUP, *options, "--module-name=ansible.builtin.wait_for_connection", f"--args={arguments}"]


def waiting_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of that command: nothing of it is recorded as a result."""
    return {**environ, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "false"}
