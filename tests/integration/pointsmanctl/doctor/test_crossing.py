"""A test event crosses from a target's default bus to the control stack, and each link that stops it is named."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from pointsmanctl.doctor import crossing
from pointsmanctl.doctor.examine import Examination
from tests.support.examined_stacks import TARGET, deploy, results_of

REGION = "eu-central-1"
RULE, ROLE, BUS = "examined-build-states", f"examined-forward-{REGION}", "examined"
QUEUE_OUTPUT = "TestEventsQueueUrl"


@pytest.fixture
def examination(cloud: LocalCloud, tmp_path: Path) -> Examination:
    return Examination(deploy(cloud, tmp_path), cloud)


def of_events(examination: Examination) -> dict[str, str]:
    """What the events' way looks like: message to state."""
    return {each.message: each.state.value for each in results_of(examination)[f"{TARGET} events"]}


def problems(examination: Examination) -> list[str]:
    return [message for message, state in of_events(examination).items() if state != "ok"]


def test_a_test_event_arrives_and_leaves_nothing_behind(cloud: LocalCloud, examination: Examination) -> None:
    assert of_events(examination)["a test event reached the control stack"] == "ok"
    assert waiting(cloud) == []


def waiting(cloud: LocalCloud) -> list[Any]:
    [stack] = cloud.client("cloudformation").describe_stacks(StackName="examined")["Stacks"]
    [queue] = [each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == QUEUE_OUTPUT]
    answer = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return list(answer.get("Messages", []))


@contextmanager
def disabled_rule(cloud: LocalCloud) -> Iterator[None]:
    events = cloud.client("events", "dev", REGION)
    events.disable_rule(Name=RULE)
    yield
    events.enable_rule(Name=RULE)


@contextmanager
def missing_role(cloud: LocalCloud) -> Iterator[None]:
    events = cloud.client("events", "dev", REGION)
    [target] = events.list_targets_by_rule(Rule=RULE)["Targets"]
    events.put_targets(Rule=RULE, Targets=[target | {"RoleArn": f"{target['RoleArn']}-gone"}])
    yield
    events.put_targets(Rule=RULE, Targets=[target])


@contextmanager
def role_without_permission(cloud: LocalCloud) -> Iterator[None]:
    iam = cloud.client("iam", "dev")
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName="forwards")["PolicyDocument"]
    iam.delete_role_policy(RoleName=ROLE, PolicyName="forwards")
    yield
    iam.put_role_policy(RoleName=ROLE, PolicyName="forwards", PolicyDocument=json.dumps(policy))


@contextmanager
def role_that_is_denied(cloud: LocalCloud) -> Iterator[None]:
    """As by a permissions boundary or by a policy of the organization: the role's own policy looks right."""
    iam = cloud.client("iam", "dev")
    deny = {"Effect": "Deny", "Action": "events:PutEvents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=ROLE, PolicyName="denies", PolicyDocument=document)
    yield
    iam.delete_role_policy(RoleName=ROLE, PolicyName="denies")


@contextmanager
def bus_that_takes_other_accounts_alone(cloud: LocalCloud) -> Iterator[None]:
    with changed_policy(cloud, lambda policy: policy.replace("222222222222", "444444444444")):
        yield


@contextmanager
def bus_that_takes_no_forwarded_events(cloud: LocalCloud) -> Iterator[None]:
    """The account may put events, but not as the rule's role."""
    with changed_policy(cloud, lambda policy: policy.replace("role/examined-forward-*", "role/another-forward-*")):
        yield


@contextmanager
def changed_policy(cloud: LocalCloud, change: Any) -> Iterator[None]:
    events = cloud.client("events")
    policy = events.describe_event_bus(Name=BUS)["Policy"]
    assert change(policy) != policy
    events.put_permission(EventBusName=BUS, Policy=change(policy))
    yield
    events.put_permission(EventBusName=BUS, Policy=policy)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (disabled_rule, f"rule {RULE} is DISABLED"),
        (missing_role, f"the rule's role {ROLE}-gone does not exist"),
        (role_without_permission, f"the rule's role {ROLE} may not put events on"),
        (role_that_is_denied, "a test event did not reach the control stack within 4 s, although rule, role and bus"),
        (bus_that_takes_other_accounts_alone, "the bus does not accept events of account 222222222222"),
        (bus_that_takes_no_forwarded_events, "a test event did not reach the control stack within 4 s"),
    ],
)
def test_each_link_that_stops_it_has_its_own_message(
    cloud: LocalCloud, examination: Examination, broken: Any, message: str
) -> None:
    with broken(cloud), pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossing, "SECONDS", 4.0)
        [problem] = problems(examination)
    assert problem.startswith(message)
    assert problems(examination) == []


def test_a_test_event_that_is_not_wanted_is_not_sent(cloud: LocalCloud, examination: Examination) -> None:
    quiet = Examination(examination.installation, cloud, sends_test_events=False)
    assert of_events(quiet)["no test event was sent"] == "skipped"
