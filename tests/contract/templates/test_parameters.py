"""The parameters of the templates: what a console shows of them, and what they refuse before anything is created."""

import re
import tomllib
from typing import Any

import pytest
from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]

from tests.contract.templates.cloudformation import CONTROL_ANSWERS, IMAGE_ANSWERS, ROOT, WORKER_ANSWERS, load

TEMPLATES = ("template.yaml", "regional/template.yaml", "image/template.yaml")
every_template = pytest.mark.parametrize("template", TEMPLATES)


def parameters(template: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(template)["Parameters"]
    return found


def refused(template: str, name: str, value: str) -> bool:
    """Whether CloudFormation refuses a value. It applies the pattern of a list to each of its members."""
    parameter = parameters(template)[name]
    values = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    pattern = parameter.get("AllowedPattern", ".*")
    too_short = len(value) < parameter.get("MinLength", 0)
    return too_short or not all(re.fullmatch(pattern, each) for each in values)


# --- what a console shows -------------------------------------------------------------------------------------------


@every_template
def test_every_parameter_is_in_one_group_and_has_a_label(template: str) -> None:
    interface = load(template)["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters(template))
    assert interface["ParameterLabels"].keys() == parameters(template).keys()
    labels = [label["default"] for label in interface["ParameterLabels"].values()]
    assert len(set(labels)) == len(labels)


@every_template
def test_every_parameter_refuses_what_it_cannot_use_and_says_what_it_can(template: str) -> None:
    for name, parameter in parameters(template).items():
        if "AllowedValues" in parameter:
            continue
        if parameter["Type"] == "Number":
            assert "MinValue" in parameter, name
            continue
        assert "AllowedPattern" in parameter, name
        assert "ConstraintDescription" in parameter, name
        assert "Default" not in parameter or not refused(template, name, parameter["Default"]), name


@every_template
def test_no_partition_is_written_out(template: str) -> None:
    """AWS in China and GovCloud have others."""
    lines = (ROOT / template).read_text().splitlines()
    assert [line for line in lines if "arn:aws:" in line] == []


# --- samconfig.toml --------------------------------------------------------------------------------------------------


def overrides(environment: str) -> dict[str, str]:
    """The parameters of an environment of samconfig.toml, as the SAM CLI reads them."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    deploy = config[environment]["deploy"]["parameters"]
    assert deploy["template_file"] == config[environment]["validate"]["parameters"]["template_file"] == TEMPLATES[1]
    listed = deploy["parameter_overrides"]
    read: dict[str, str] = CfnParameterOverridesType().convert(tuple(listed), None, None)
    return read


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_has_to_be_filled_in_is_refused_until_it_is(environment: str) -> None:
    """No stack trusts somebody's account, or clones somebody's repository, by an answer that nobody gave."""
    given = overrides(environment)
    assert given.pop("AccountName") == environment
    assert given.keys() == {"ControlAccountId", "ControlBusArn", "ExternalId", "RepositoryUrl"}
    worker = parameters("regional/template.yaml")
    for name, value in given.items():
        assert refused("regional/template.yaml", name, value), name
        assert "Fill it in in samconfig.toml" in worker[name]["ConstraintDescription"]


def test_every_parameter_without_a_default_is_in_samconfig() -> None:
    required = {name for name, each in parameters("regional/template.yaml").items() if "Default" not in each}
    assert overrides("dev").keys() == required


@pytest.mark.parametrize("template", TEMPLATES[:2])
def test_the_external_id_that_was_published_is_refused(template: str) -> None:
    assert refused(template, "ExternalId", "the-control-stacks-external-id")
    assert not refused(template, "ExternalId", "the-control-stacks-external-id-of-acme")
    assert not refused(template, "ExternalId", "4f6c7c0f9f0d4a3b8f2d1e0a9b8c7d6e")


# --- single parameters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "answers"), list(zip(TEMPLATES, (CONTROL_ANSWERS, WORKER_ANSWERS, IMAGE_ANSWERS), strict=True))
)
def test_right_answers_are_accepted(template: str, answers: dict[str, str]) -> None:
    assert [name for name, value in answers.items() if refused(template, name, value)] == []


@pytest.mark.parametrize(
    "channel", ["#deployments", "deployments", "c0123456789", "U0123456789", "C01", "", " C0123456789"]
)
def test_a_channel_is_given_by_its_id(channel: str) -> None:
    """chat.update takes nothing else."""
    assert refused("template.yaml", "SlackChannel", channel)
    assert not refused("template.yaml", "SlackChannel", "C0123456789")
    assert not refused("template.yaml", "SlackChannel", "G012AB3CD4")


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("SubnetIds", "subnet-0a1b,subnet-2c3d", "subnet-0a1b, subnet-2c3d"),
        ("SecurityGroupIds", "sg-0a1b2c", "default"),
        ("TransferBucketName", "acme-ansible.files", "arn:aws:s3:::acme"),
        ("AlarmTopicArn", "arn:aws-cn:sns:cn-north-1:222222222222:alarms", "alarms"),
        ("Image", "222222222222.dkr.ecr.eu-west-1.amazonaws.com/run@sha256:0123abcd", "an image"),
        (
            "ImageRepositoryArn",
            "arn:aws-cn:ecr:cn-north-1:222222222222:repository/team/ansible",
            "222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn/team/ansible",
        ),
        ("ControlBusArn", "arn:aws-us-gov:events:us-gov-west-1:111111111111:event-bus/pointsman", "pointsman"),
        (
            "ConnectionArn",
            "arn:aws-cn:codestar-connections:cn-north-1:222222222222:connection/8745a7a9-c340",
            "8745a7a9-c340",
        ),
        ("RepositoryUrl", "https://github.com/acme/infra.git", "git@github.com:acme/infra.git"),
    ],
)
def test_a_parameter_of_the_worker_stack(name: str, right: str, wrong: str) -> None:
    assert not refused("regional/template.yaml", name, right)
    assert refused("regional/template.yaml", name, wrong)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("DefinitionBucket", "acme-artifacts", "s3://acme-artifacts"),
        ("DefinitionKey", "pointsman/run-image-0123abcd.zip", "pointsman/run-image"),
        ("ImageTag", "0123abcd", "sha256:0123abcd"),
        ("Regions", "eu-west-1,us-gov-west-1", "eu-west-1, us-east-1"),
        ("WorkerAccountIds", "222222222222,333333333333", "*"),
    ],
)
def test_a_parameter_of_the_image_stack(name: str, right: str, wrong: str) -> None:
    assert not refused("image/template.yaml", name, right)
    assert refused("image/template.yaml", name, wrong)
