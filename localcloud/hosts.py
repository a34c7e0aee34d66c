"""The hosts that Ansible manages: emulated EC2 instances, each with a directory as its file system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.names import REGION_CODES, targets

_IMAGE: Final = "ami-0de8ab12c0de8ab12"
_TYPE: Final = "t4g.small"
# Directories that a system and its packages have.
_DIRECTORIES: Final = ("etc/nginx/conf.d", "etc/sysctl.d", "etc/systemd/resolved.conf.d")


@dataclass(frozen=True)
class ManagedHost:
    """One emulated instance."""

    account: str
    """dev or prod"""
    region: str
    instance_id: str
    name: str
    root: Path
    """The directory that is `/` on the host."""


def create(
    client: Callable[[str, str, str], Any], hosts: Path, where: Sequence[tuple[str, str]] = tuple(targets())
) -> list[ManagedHost]:
    """One web server in each account and region; `client(service, account, region)` gives boto3 clients."""

    def one(target: tuple[str, str]) -> ManagedHost:
        account, region = target
        return _create_one(client("ec2", account, region), hosts, account, region)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, where))


def furnish(root: Path) -> None:
    """Create the directories of a new host."""
    for directory in _DIRECTORIES:
        (root / directory).mkdir(parents=True)


def existing(client: Callable[[str, str, str], Any], hosts: Path) -> list[ManagedHost]:
    """The managed instances of every account and region that run, as EC2 lists them."""

    def one(target: tuple[str, str]) -> list[ManagedHost]:
        account, region = target
        filters = [
            {"Name": "tag:pointsman:managed", "Values": ["true"]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
        pages = client("ec2", account, region).get_paginator("describe_instances").paginate(Filters=filters)
        instances = [each for page in pages for group in page["Reservations"] for each in group["Instances"]]
        return [_host(each["InstanceId"], _name_tag(each), hosts, account, region) for each in instances]

    with ThreadPoolExecutor(4) as pool:
        return [host for in_region in pool.map(one, targets()) for host in in_region]


def _create_one(ec2: Any, hosts: Path, account: str, region: str) -> ManagedHost:
    return launch(ec2, hosts, account, region, f"web-{account}-{REGION_CODES[region]}")


def launch(ec2: Any, hosts: Path, account: str, region: str, name: str) -> ManagedHost:
    """Launch one web server."""
    tags = {
        "Name": name,
        "environment": account,
        "role": "web",
        "pointsman:managed": "true",
        "pointsman:environment": account,
        "pointsman:role": "web",
    }
    answer = ec2.run_instances(
        ImageId=_IMAGE,
        InstanceType=_TYPE,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )
    host = _host(answer["Instances"][0]["InstanceId"], name, hosts, account, region)
    furnish(host.root)
    return host


def _host(instance_id: str, name: str, hosts: Path, account: str, region: str) -> ManagedHost:
    return ManagedHost(account, region, instance_id, name, hosts / account / region / instance_id)


def _name_tag(instance: dict[str, Any]) -> str:
    return next((str(tag["Value"]) for tag in instance.get("Tags", []) if tag["Key"] == "Name"), "")
