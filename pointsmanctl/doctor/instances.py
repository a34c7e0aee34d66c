"""The hosts of a target: found by the inventory's tags, with unique names, and reached by Session Manager."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.core.text import join_first, pluralize
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "hosts"
TAG = "pointsman:managed"


@dataclass(frozen=True)
class Instance:
    """A running instance that the inventory finds."""

    id: str
    name: str  # empty without a tag Name


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the instances and their SSM agents."""
    link, inventory = Link(NAME, target.name), target.parameter("Inventory")
    filters = [{"Name": f"tag:{TAG}", "Values": ["true"]}, {"Name": "instance-state-name", "Values": ["running"]}]
    pages = target.client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
    found = [each for page in pages for group in page["Reservations"] for each in group["Instances"]]
    instances = [Instance(each["InstanceId"], _name(each)) for each in found]
    if not instances:
        yield link.warning(
            f"no running instance has the tag {TAG}=true",
            f"tag the instances of {target.region}; the inventory {inventory} may find others",
        )
        return
    yield judge_names(link, instances)
    pages = target.client("ssm").get_paginator("describe_instance_information").paginate()
    agents = {each["InstanceId"]: each["PingStatus"] for page in pages for each in page["InstanceInformationList"]}
    yield judge_agents(link, instances, agents)


def _name(instance: Mapping[str, Any]) -> str:
    return next((str(tag["Value"]) for tag in instance.get("Tags", []) if tag["Key"] == "Name"), "")


def judge_names(link: Link, instances: Sequence[Instance]) -> CheckResult:
    """Judge the names: Ansible and the trail know a host by its name."""
    twice = sorted(name for name, times in Counter(each.name for each in instances if each.name).items() if times > 1)
    if twice:
        return link.broken(
            f"several instances are named {join_first(twice)}",
            "give each instance a tag Name of its own: two hosts of one name are one to Ansible",
        )
    unnamed = [each.id for each in instances if not each.name]
    if unnamed:
        return link.warning(f"{join_first(unnamed)} has no tag Name", "add it: the trail shows the instance id instead")
    names = join_first([each.name for each in instances])
    return link.ok(f"{pluralize(len(instances), 'instance')} with a name of its own: {names}")


def judge_agents(link: Link, instances: Sequence[Instance], agents: Mapping[str, str]) -> CheckResult:
    """Judge whether Session Manager reaches every instance. `agents`: instance id to PingStatus."""
    offline = [each.name or each.id for each in instances if agents.get(each.id) != "Online"]
    if not offline:
        return link.ok(f"the SSM agent of {pluralize(len(instances), 'instance')} is online")
    return link.broken(
        f"the SSM agent of {join_first(offline)} is not online",
        "give the instance a profile with AmazonSSMManagedInstanceCore, a way to SSM's endpoints, and a running agent",
    )
