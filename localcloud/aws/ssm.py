"""Lets Systems Manager see the hosts: a running instance has an agent that answers.

Gap: the emulator counts only instances that it runs as containers. A host of the local cloud is a directory.
"""

from __future__ import annotations

from typing import Final

from localcloud.aws.emulator import ec2

NO_AGENT: Final = "localcloud:no-agent"
"""A tag on an instance whose agent does not answer."""


def install() -> None:
    """Let the emulator take every running instance without the tag for a managed one."""
    ec2.instance_is_managed = _is_managed


def _is_managed(instance_id: str) -> bool:
    instance = ec2._instances.get(instance_id) or {}
    tags = ec2._tags.get(instance_id) or []
    running = instance.get("State", {}).get("Name") == "running"
    return running and all(tag.get("Key") != NO_AGENT for tag in tags)
