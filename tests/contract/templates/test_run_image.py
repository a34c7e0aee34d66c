"""The run image: one definition, who may push it, who may pull it, and that nothing else is built or pulled."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from tests.contract.templates.cloudformation import (
    CONTROL_ACCOUNT,
    ROOT,
    WORKERS,
    Stack,
    allowed,
    image,
    with_an_image,
    worker,
)

REPOSITORY = "pointsman-run-image"
PULL = {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


def ecr(stack: Stack, role: str) -> dict[str, list[str]]:
    """What a role may do in ECR, and where."""
    return {
        action: each.resources for each in allowed(stack, role) for action in each.actions if action.startswith("ecr:")
    }


# --- pulling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", ["Project", "CheckProject"])
def test_an_image_of_ecr_is_pulled_with_the_builds_own_role(project: str) -> None:
    assert with_an_image().properties(project)["Environment"]["ImagePullCredentialsType"] == "SERVICE_ROLE"
    assert worker().properties(project)["Environment"]["ImagePullCredentialsType"] == "CODEBUILD"


@pytest.mark.parametrize("role", ["BuildRole", "CheckRole"])
def test_a_build_may_pull_from_this_repository_alone_and_only_with_the_image(role: str) -> None:
    arn = f"arn:aws:ecr:eu-west-1:{CONTROL_ACCOUNT}:repository/{REPOSITORY}"
    assert ecr(with_an_image(), role) == {"ecr:GetAuthorizationToken": ["*"], **{each: [arn] for each in PULL}}
    assert ecr(worker(), role) == {}


def test_the_repository_admits_builds_and_checks_of_the_worker_accounts_to_pull() -> None:
    policy = image().properties("Repository")["RepositoryPolicyText"]
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"AWS": WORKERS}
    assert set(statement["Action"]) == PULL
    admitted = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
    stack = worker()
    for role, right in (("BuildRole", True), ("CheckRole", True), ("StartRole", False), ("ForwardRole", False)):
        arn = f"arn:aws:iam::222222222222:role/{stack.properties(role)['RoleName']}"
        assert any(fnmatchcase(arn, pattern) for pattern in admitted) is right, role


# --- building --------------------------------------------------------------------------------------------------------


def test_a_stack_without_a_definition_has_a_repository_and_nothing_that_builds() -> None:
    stack = image(DefinitionBucket="", DefinitionKey="", ImageTag="", Regions="")
    assert {each["Type"] for each in stack.resources.values()} == {"AWS::ECR::Repository"}


def test_the_repository_keeps_what_was_pushed_scans_it_and_deletes_only_old_images() -> None:
    repository = image().properties("Repository")
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    [rule] = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}


def test_the_build_pushes_to_its_own_repository_in_the_named_regions_and_reads_its_definition_alone() -> None:
    granted = [each for each in allowed(image(), "BuildRole") if not each.where.endswith("/logs")]
    pushing = [each for each in granted if "ecr:PutImage" in each.actions]
    assert [each.resources for each in pushing] == [[f"arn:aws:ecr:*:{CONTROL_ACCOUNT}:repository/{REPOSITORY}"]]
    for each in granted:
        if each.where.endswith("pushes-image"):
            assert each.conditions == {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}
    objects = [each.resources for each in granted if "s3:GetObject" in each.actions]
    assert objects == [["arn:aws:s3:::pointsman-artifacts-111111111111-us-east-1/pointsman/run-image-0123abcd.zip"]]
    assert {action for each in granted for action in each.actions if action.startswith(("iam:", "sts:"))} == set()


@pytest.mark.parametrize(("kind", "name"), [("LINUX_CONTAINER", "x86_64"), ("ARM_CONTAINER", "aarch64")])
def test_the_image_is_built_on_its_own_architecture(kind: str, name: str) -> None:
    environment = image(EnvironmentType=kind).properties("Project")["Environment"]
    assert (environment["Type"], environment["PrivilegedMode"]) == (kind, True)
    assert f"-{name}-" in environment["Image"]


def steps() -> list[str]:
    spec: dict[str, Any] = yaml.safe_load(image().properties("Project")["Source"]["BuildSpec"])
    return [command for phase in spec["phases"].values() for command in phase["commands"]]


def test_the_steps_install_what_is_pinned_with_its_hash_and_run_the_definitions_own_program() -> None:
    install, build = steps()
    assert "--require-hashes --requirement image/requirements.txt" in install
    assert (ROOT / build.removeprefix("python3 ")).is_file()
