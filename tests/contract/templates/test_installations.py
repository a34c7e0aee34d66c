"""Several installations in one account and region: the names of each follow the name of its control stack."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

import pytest

from pointsman.core.audit.authorize import CHECK_PROJECT
from pointsman.core.identity import START_SESSION, is_engine
from tests.contract.templates.cloudformation import NAMES, Stack, control, image, load, worker

# The properties by which AWS names a resource. Two resources of a type cannot have one name in an account and region.
NAMING = {*NAMES.values(), "QueueName", "TableName", "LayerName", "ManagedPolicyName", "AlarmName", "BucketName"}
# They have the name of a function, not one of their own.
NAMED_BY_ANOTHER = {
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
}


def first() -> tuple[Stack, Stack]:
    return control(), worker()


def second() -> tuple[Stack, Stack]:
    return control("other"), worker(name="other-worker", ControlStackName="other")


def names(stack: Stack) -> Iterator[tuple[str, str]]:
    """The type and the name of every resource that the template names."""
    for resource in stack.resources.values():
        for name in NAMING & resource.get("Properties", {}).keys():
            if isinstance(value := resource["Properties"][name], str) and resource["Type"] not in NAMED_BY_ANOTHER:
                yield resource["Type"], value


@pytest.mark.parametrize("index", [0, 1], ids=["control", "worker"])
def test_two_installations_have_no_name_in_common(index: int) -> None:
    one, other = set(names(first()[index])), set(names(second()[index]))
    assert len(one) >= 8
    assert one & other == set()


def test_the_image_stacks_of_two_installations_have_no_name_in_common() -> None:
    one, other = set(names(image())), set(names(image(name="other-image", ControlStackName="other")))
    assert {kind for kind, _ in one} >= {"AWS::ECR::Repository", "AWS::CodeBuild::Project", "AWS::IAM::Role"}
    assert one & other == set()


def test_an_installation_is_called_as_before_unless_its_control_stack_has_another_name() -> None:
    for stack in (*first(), image()):
        assert [name for _, name in names(stack) if not re.match(r"/?(aws/\w+/)?pointsman\b", name)] == []


@pytest.mark.parametrize("installation", [first, second])
def test_both_stacks_of_an_installation_agree(installation: Callable[[], tuple[Stack, Stack]]) -> None:
    stack, workers = installation()
    environment = stack.properties("StartBuild")["Environment"]["Variables"]
    assert workers.properties("Project")["Name"] == environment["PROJECT_NAME"]
    assert workers.properties("CheckProject")["Name"] == environment["CHECK_PROJECT_NAME"]
    role = workers.properties("StartRole")["RoleName"]
    assert role == f"{environment['START_ROLE_NAME']}-eu-west-1"
    assert is_engine(f"{role}/{START_SESSION}")
    for policy, of in (("BuildStatesPolicy", "ForwardRole"), ("HostResultsPolicy", "BuildRole")):
        admitted = stack.properties(policy)["Statement"]["Condition"]["ArnLike"]["aws:PrincipalArn"]
        assert fnmatchcase(f"arn:aws:iam::222222222222:role/{workers.properties(of)['RoleName']}", admitted)
    trusted = workers.properties("StartRole")["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["ArnEquals"]
    assert trusted["aws:PrincipalArn"].endswith(f":role/{stack.properties('StartBuildRole')['RoleName']}")


def test_an_installation_neither_enters_nor_admits_another() -> None:
    (stack, _), (_, others) = first(), second()
    role = f"arn:aws:iam::222222222222:role/{others.properties('StartRole')['RoleName']}"
    [enters] = [
        each for each in stack.properties("StartBuildRole")["Policies"] if each["PolicyName"] == "enters-workers"
    ]
    _, deny = enters["PolicyDocument"]["Statement"]
    assert not fnmatchcase(role, deny["NotResource"])
    admitted = stack.properties("BuildStatesPolicy")["Statement"]["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert not fnmatchcase(f"arn:aws:iam::222222222222:role/{others.properties('ForwardRole')['RoleName']}", admitted)


@pytest.mark.parametrize("logical_id", ["WebhookReceiver", "StartBuild", "AuditWriter", "Notify"])
def test_metrics_and_alarms_are_of_one_installation(logical_id: str) -> None:
    stack, _ = second()
    assert stack.properties(logical_id)["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "other"
    services = [
        each["Value"]
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        for each in alarm.get("Dimensions", [])
        if each["Name"] == "service"
    ]
    assert set(services) == {"other"}


@pytest.mark.parametrize(("name", "right"), [("pointsman", True), ("team-a", True), ("a-check", False), ("A", False)])
def test_no_project_that_applies_is_named_like_one_that_checks(name: str, right: bool) -> None:
    pattern = load("regional/template.yaml")["Parameters"]["ControlStackName"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, name)) is right
    assert right is False or not name.endswith(CHECK_PROJECT)


@pytest.mark.parametrize(
    ("initiator", "engine"),
    [
        (f"pointsman-start-eu-west-1/{START_SESSION}", True),
        (f"team-a-start-us-gov-west-1/{START_SESSION}", True),
        (f"pointsman-build-eu-west-1/{START_SESSION}", False),
        (f"start-eu-west-1/{START_SESSION}", False),
        (f"pointsman-start-of-hana/{START_SESSION}", False),
        ("pointsman-start-eu-west-1/hana", False),
        (None, False),
    ],
)
def test_a_build_is_the_engines_by_the_role_and_the_session_that_started_it(
    initiator: str | None, engine: bool
) -> None:
    assert is_engine(initiator) is engine
