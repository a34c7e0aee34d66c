"""The machines that Ansible manages: emulated EC2 instances, each with a directory that stands for its file system."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.layout import REGION_CODES, targets

_IMAGE: Final = "ami-0de8ab12c0de8ab12"
_TYPE: Final = "t4g.small"


@dataclass(frozen=True)
class Host:
    """One emulated machine."""

    account: str
    """dev or prod"""
    region: str
    instance_id: str
    name: str
    root: Path
    """Stands for `/` on the host."""


def create(client: Callable[[str, str, str], Any], hosts: Path) -> list[Host]:
    """One web server in every account and region; `client(service, account, region)` gives boto3 clients."""

    def one(target: tuple[str, str]) -> Host:
        account, region = target
        return _create_one(client("ec2", account, region), hosts, account, region)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, targets()))


def existing(client: Callable[[str, str, str], Any], hosts: Path) -> list[Host]:
    """The managed instances of every account and region, as EC2 tells them."""

    def one(target: tuple[str, str]) -> list[Host]:
        account, region = target
        wanted = [{"Name": "tag:pointsman:managed", "Values": ["true"]}]
        pages = client("ec2", account, region).get_paginator("describe_instances").paginate(Filters=wanted)
        found = [each for page in pages for group in page["Reservations"] for each in group["Instances"]]
        return [_host(each["InstanceId"], _name_tag(each), hosts, account, region) for each in found]

    with ThreadPoolExecutor(4) as pool:
        return [host for listed in pool.map(one, targets()) for host in listed]


def _create_one(ec2: Any, hosts: Path, account: str, region: str) -> Host:
    name = f"web-{account}-{REGION_CODES[region]}"
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
    host.root.mkdir(parents=True)
    return host


def _host(instance_id: str, name: str, hosts: Path, account: str, region: str) -> Host:
    return Host(account, region, instance_id, name, hosts / account / region / instance_id)


def _name_tag(instance: dict[str, Any]) -> str:
    return next((str(tag["Value"]) for tag in instance.get("Tags", []) if tag["Key"] == "Name"), "")
