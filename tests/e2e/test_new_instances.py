"""A new instance gets the last good commit at once: the real rule, roles, functions and Ansible."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.hosts import ManagedHost
from localcloud.layout import STATES
from localcloud.names import CONTROL_ACCOUNT
from localcloud.waiting import TIMEOUT_SECONDS, wait_until
from pointsman.core.index.query import IndexQuery
from pointsman.core.model import Rollout, RolloutId, RolloutState
from pointsman.core.trail.events import HostResultRecorded, RolloutStarted
from pointsman.core.trail.instance_events import InstanceDecided
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer
from tests.support.operator import Settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

ACCOUNT, REGION = "dev", "ca-central-1"
TARGET = f"{ACCOUNT}/{REGION}"
REPOSITORY = "acme/newcomers"
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Say which commit this host has
      ansible.builtin.copy: {{content: "{content}\\n", dest: "{{{{ host_root }}}}/etc/newcomer", mode: "0644"}}
    - name: Break the second commit
      ansible.builtin.assert: {{that: "{succeeds}"}}
"""


@pytest.fixture(scope="module")
def good(world: Observer) -> str:
    """A commit that succeeded on the target, and a newer one that failed there after it."""
    world.cloud.github.repository(REPOSITORY).create()
    commits = []
    for content, succeeds, state in (("one", True, RolloutState.SUCCEEDED), ("two", False, RolloutState.FAILED)):
        play = PLAY.format(content=content, succeeds=str(succeeds).lower())
        pushed = world.cloud.github.push({"site.yml": play}, f"Version {content}", repository=REPOSITORY)
        rollout, _ = world.end_of(pushed.delivery, "newcomers")
        assert rollout.state is state, world.events(rollout.id)
        commits.append(rollout.change.after)
    return commits[0]


@pytest.fixture(scope="module")
def launch(cloud: LocalCloud) -> Iterator[Callable[[str], ManagedHost]]:
    """Launch a managed instance; it is terminated at the end, since other tests count the hosts."""
    launched: list[ManagedHost] = []

    def one(name: str) -> ManagedHost:
        launched.append(cloud.launch(ACCOUNT, REGION, name))
        return launched[-1]

    yield one
    ids = [host.instance_id for host in launched]
    cloud.client("ec2", ACCOUNT, REGION).terminate_instances(InstanceIds=ids)


@pytest.fixture(scope="module")
def unreported(good: str, launch: Callable[[str], ManagedHost]) -> ManagedHost:
    """An instance that was new while no rule reported it."""
    return launch("before-the-rule")


@pytest.fixture(scope="module")
def enabled(
    cloud: LocalCloud, good: str, unreported: ManagedHost, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The worker stack of the region reports new instances, as an operator sets it; at the end it does not."""
    operator = Settled(cloud, tmp_path_factory.mktemp("operator"))
    (operator.directory / "routes.yaml").write_text((STATES / "e2e-routes.yaml").read_text())

    def deploy(value: str) -> None:
        operator.settings(f'[accounts.dev.parameters]\nConfigureNewInstances = "{value}"\n')
        done = operator.run("deploy", "--yes", "--only", TARGET, "--no-doctor")
        assert done.returncode == 0, done.stderr

    deploy("true")
    yield good
    deploy("false")


def decisions(world: Observer, instance_id: str) -> list[InstanceDecided]:
    query = IndexQuery(types=("InstanceDecided",))
    events = [event for event in world.query(query) if isinstance(event, InstanceDecided)]
    return [event for event in events if event.instance_id == instance_id]


def end_on(world: Observer, host: ManagedHost) -> Rollout:
    """The rollout that was made for an instance, once it has ended."""

    def ended() -> Rollout | None:
        events = world.query(IndexQuery(types=("RolloutStarted",)))
        starts = [event for event in events if isinstance(event, RolloutStarted)]
        of = [event for event in starts if event.request and host.instance_id in event.request.instances]
        loaded = world.store.load(RolloutId(of[0].rollout or "")) if of else None
        return loaded[0] if loaded and loaded[0].state.ended else None

    return wait_until(ended, STANDSTILL_SECONDS, f"no run for {host.instance_id} has ended")


@dataclass(frozen=True)
class Newcomer:
    """A new instance that was configured, and what there was before it."""

    host: ManagedHost
    rollout: Rollout
    builds: int
    others: dict[str, int]  # when each other host was configured


@pytest.fixture(scope="module")
def newcomer(world: Observer, unreported: ManagedHost, enabled: str, launch: Callable[[str], ManagedHost]) -> Newcomer:
    builds, others = world.builds(), configured_at(world)
    host = launch("newcomer-1")
    return Newcomer(host, end_on(world, host), builds, others)


def test_a_new_instance_gets_the_last_good_commit_and_no_other_host_is_touched(
    world: Observer, enabled: str, newcomer: Newcomer
) -> None:
    host, rollout = newcomer.host, newcomer.rollout
    assert rollout.state is RolloutState.SUCCEEDED, world.events(rollout.id)
    assert rollout.change.after == enabled
    assert (host.root / "etc/newcomer").read_text() == "one\n"
    [result] = world.host_results(rollout.id, 1)
    assert isinstance(result, HostResultRecorded)
    assert (result.host, result.instance_id, result.actor) == ("newcomer-1", host.instance_id, "aws.ec2")
    after = configured_at(world)
    assert {name: after[name] for name in newcomer.others} == newcomer.others


def test_where_the_rule_is_off_nothing_happens(world: Observer, unreported: ManagedHost, newcomer: Newcomer) -> None:
    """The event of the newcomer is a later one of the same region, and has arrived."""
    assert decisions(world, newcomer.host.instance_id)
    assert decisions(world, unreported.instance_id) == []
    assert world.builds() == newcomer.builds + 1


def configured_at(world: Observer) -> dict[str, int]:
    """When the hosts of the target that are configured were, by instance."""
    return {each.instance_id: (each.root / "etc/newcomer").stat().st_mtime_ns for each in world_hosts(world)}


def world_hosts(world: Observer) -> list[ManagedHost]:
    """The hosts of the target that a push has configured."""
    hosts = [host for host in world.cloud.hosts() if (host.account, host.region) == (ACCOUNT, REGION)]
    return [host for host in hosts if (host.root / "etc/newcomer").exists()]


def test_the_trail_and_slack_say_why_it_ran(
    world: Observer, enabled: str, launch: Callable[[str], ManagedHost]
) -> None:
    host = launch("newcomer-2")
    rollout = end_on(world, host)
    [decided] = decisions(world, host.instance_id)
    assert (decided.target, decided.host) == (TARGET, "newcomer-2")
    assert [(each.route, each.runs) for each in decided.decisions] == [("newcomers", True)]
    message = json.dumps(world.last_message(rollout.id, "succeeded"), ensure_ascii=False)
    assert f"1 new instance came up: {host.instance_id}" in message
    assert f"commit {enabled[:7]} is the last that succeeded on {TARGET}" in message
    assert "pushed by" not in message


def test_an_instance_without_the_tag_is_left_alone(world: Observer, enabled: str) -> None:
    ec2 = world.cloud.client("ec2", ACCOUNT, REGION)
    [instance] = ec2.run_instances(ImageId="ami-0de8ab12c0de8ab12", MinCount=1, MaxCount=1)["Instances"]
    builds = world.builds()
    log = world.cloud.client("logs")

    def taken() -> list[Any]:
        lines = log.filter_log_events(logGroupName="/aws/lambda/pointsman-start-build")["events"]
        return [each for each in lines if instance["InstanceId"] in each["message"]]

    [line] = wait_until(taken, TIMEOUT_SECONDS, "start_build did not take the event")
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert "it has no tag pointsman:managed=true" in line["message"]
    assert world.builds() == builds


@pytest.mark.parametrize("account", ["dev", "prod"])
def test_nobody_but_ec2_reports_an_instance(world: Observer, enabled: str, account: str) -> None:
    entry = {
        "Source": "aws.ec2",
        "DetailType": "EC2 Instance State-change Notification",
        "Detail": json.dumps({"instance-id": "i-0a1b2c3d4e5f60718", "state": "running"}),
        "EventBusName": f"arn:aws:events:us-east-1:{CONTROL_ACCOUNT}:event-bus/pointsman",
    }
    answer = world.cloud.client("events", account, "us-east-1").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_the_role_that_asks_about_instances_may_do_nothing_else_with_them(cloud: LocalCloud, enabled: str) -> None:
    iam = cloud.client("iam", ACCOUNT, REGION)
    policy = iam.get_role_policy(RoleName=f"pointsman-start-{REGION}", PolicyName="starts-builds")["PolicyDocument"]
    about_ec2 = [each for each in policy["Statement"] if "ec2:" in json.dumps(each["Action"])]
    assert [(each["Action"], each["Condition"]) for each in about_ec2] == [
        ("ec2:DescribeInstances", {"StringEquals": {"aws:RequestedRegion": REGION}})
    ]
