"""Which stacks the run image has, and what the workers get of it."""

from typing import Any

import pytest

from pointsmanctl.deployment.installation import ControlFacts, Installation
from pointsmanctl.deployment.run_image.definition import Definition
from pointsmanctl.deployment.run_image.ecr_image import EcrImage
from pointsmanctl.deployment.settings import parse_deploy_settings
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.deployment.template import read_parameters
from pointsmanctl.errors import InvalidInput
from tests.support.deployment import routes

DEFINITION = Definition("0123", b"")
STANDARD = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
OWN_IN_ECR = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/team/ansible:1.0"
IMAGE = EcrImage("111111111111", "eu-west-1", "pointsman-run-image", "sha256:" + "1" * 64)
FACTS = ControlFacts("111111111111", "arn", "0123456789abcdef", {"eu-west-1": IMAGE})


def installation(**settings: Any) -> Installation:
    return Installation(parse_deploy_settings({"image": {}, **settings}, "x"), routes(), Sources(), "ca-central-1")


def of_worker(**settings: Any) -> dict[str, str]:
    """The parameters of a worker that are about its image."""
    [stack] = installation(**settings).worker_stacks(FACTS, ["dev/eu-west-1"])
    names = ("Image", "ImageRepositoryArn", "EnvironmentType")
    return {name: stack.parameters[name] for name in names if name in stack.parameters}


def test_there_is_a_stack_in_every_region_of_workers_and_one_beside_the_control_stack_builds() -> None:
    home, *others = installation().image_stacks("111111111111", DEFINITION)
    assert [each.region for each in (home, *others)] == ["ca-central-1", "eu-west-1", "us-east-1"]
    assert {each.account_id for each in (home, *others)} == {"111111111111"}
    assert home.parameters == {
        "ControlStackName": "pointsman",
        "WorkerAccountIds": "222222222222,333333333333",
        "EnvironmentType": "LINUX_CONTAINER",
        "DefinitionBucket": "pointsman-artifacts-111111111111-ca-central-1",
        "DefinitionKey": "pointsman/run-image-0123.zip",
        "ImageTag": "0123",
        "Regions": "ca-central-1,eu-west-1,us-east-1",
    }
    for each in others:
        assert (each.parameters["DefinitionKey"], each.parameters["WorkerAccountIds"]) == (
            "", "222222222222,333333333333",
        )  # fmt: skip


def test_every_parameter_of_an_image_stack_is_valid_for_its_template() -> None:
    known = read_parameters(Sources().image)
    for stack in installation(image={"parameters": {"KeptImages": 3}}).image_stacks("111111111111", DEFINITION):
        assert stack.parameters.keys() <= known.keys()
        assert [known[name].violation(value) for name, value in stack.parameters.items()] == [None] * 8


def test_a_region_whose_workers_have_an_image_of_their_own_gets_none() -> None:
    own = {f"{account}/us-east-1": {"parameters": {"Image": STANDARD}} for account in ("dev", "prod")}
    installed = installation(targets=own)
    assert installed.image_regions == ["ca-central-1", "eu-west-1"]
    assert [each.region for each in installed.image_stacks("1", DEFINITION)] == ["ca-central-1", "eu-west-1"]
    left = installed.image_stacks("1", None)
    assert [each.region for each in left] == ["ca-central-1", "eu-west-1", "us-east-1"], "to be destroyed"


def test_a_worker_gets_the_image_of_its_region_by_digest() -> None:
    assert of_worker() == {
        "Image": f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image@{IMAGE.digest}",
        "ImageRepositoryArn": "arn:aws:ecr:eu-west-1:111111111111:repository/pointsman-run-image",
        "EnvironmentType": "LINUX_CONTAINER",
    }
    assert of_worker(image={"architecture": "arm64"})["EnvironmentType"] == "ARM_CONTAINER"


def test_a_worker_with_an_image_of_its_own_keeps_it_and_may_pull_it() -> None:
    assert of_worker(workers={"parameters": {"Image": STANDARD}}) == {"Image": STANDARD, "ImageRepositoryArn": ""}
    arn = "arn:aws:ecr:eu-west-1:222222222222:repository/team/ansible"
    assert of_worker(workers={"parameters": {"Image": OWN_IN_ECR}}) == {"Image": OWN_IN_ECR, "ImageRepositoryArn": arn}
    named = {"Image": OWN_IN_ECR, "ImageRepositoryArn": "arn:of-the-team"}
    assert of_worker(workers={"parameters": named}) == named


def test_without_the_setting_no_worker_parameter_is_about_an_image() -> None:
    without = Installation(parse_deploy_settings({}, "x"), routes(), Sources(), "us-east-1")
    [stack] = without.worker_stacks(ControlFacts("1", "arn", "e"), ["dev/eu-west-1"])
    assert not {"Image", "ImageRepositoryArn", "EnvironmentType"} & stack.parameters.keys()


def test_a_worker_of_another_architecture_is_refused() -> None:
    arm = {"EnvironmentType": "ARM_CONTAINER"}
    with pytest.raises(InvalidInput, match=r"accounts\.dev\.parameters\.EnvironmentType: the run image is for x86_64"):
        installation(accounts={"dev": {"parameters": arm}}).check_parameters()
    installation(accounts={"dev": {"parameters": {**arm, "Image": STANDARD}}}).check_parameters()
    installation(image={"architecture": "arm64"}, accounts={"dev": {"parameters": arm}}).check_parameters()


def test_a_parameter_that_deploy_sets_or_the_template_lacks_is_refused() -> None:
    for name, reason in (("ImageTag", "sets this parameter"), ("Images", "no such parameter")):
        with pytest.raises(InvalidInput, match=rf"image\.parameters\.{name}: .*{reason}"):
            installation(image={"parameters": {name: "x"}}).check_parameters()
