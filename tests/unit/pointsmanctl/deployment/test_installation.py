"""What routes.yaml and pointsman.toml say together."""

from typing import Any

import pytest

from pointsmanctl.deployment.installation import ControlFacts, Installation, select
from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.settings import parse_deploy_settings
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.errors import InvalidInput
from tests.support.deployment import routes

FACTS = ControlFacts("111111111111", "arn:aws:events:us-east-1:111111111111:event-bus/pointsman", "0123456789abcdef")


def installation(**settings: Any) -> Installation:
    return Installation(parse_deploy_settings(settings, "pointsman.toml"), routes(), Sources(), "us-east-1")


def test_the_control_stack_gets_the_accounts_of_routes_yaml() -> None:
    stack = installation(parameters={"SlackChannel": "C1"}).control_stack("111111111111", "0123456789abcdef")
    assert stack.parameters == {
        "SlackChannel": "C1",
        "WorkerAccountIds": "222222222222,333333333333",
        "ExternalId": "0123456789abcdef",
        "GithubUrl": "https://github.com",
        "GithubCertificateArn": "",
    }


def test_another_value_of_a_parameter_is_another_release() -> None:
    """SAM does not publish a new version of a function for it."""
    assert installation().release == ""
    one, other = installation(parameters={"LogLevel": "INFO"}), installation(parameters={"LogLevel": "DEBUG"})
    assert one.release == installation(parameters={"LogLevel": "INFO"}).release != other.release
    assert installation(external_id="0123456789abcdef").release != installation(external_id="f" * 16).release


def test_a_worker_gets_the_facts_of_the_control_stack_and_the_narrowest_parameters() -> None:
    [dev, prod] = installation(
        workers={"stack": "w", "parameters": {"LogRetentionDays": 30, "ComputeType": "BUILD_GENERAL1_LARGE"}},
        accounts={"dev": {"parameters": {"LogRetentionDays": 7, "VpcId": "vpc-1"}}},
        targets={"dev/eu-west-1": {"parameters": {"VpcId": "vpc-2", "SubnetIds": ["subnet-1", "subnet-2"]}}},
    ).worker_stacks(FACTS, ["dev/eu-west-1", "prod/eu-west-1"])
    assert (dev.name, dev.account_id, dev.region, dev.label) == ("w", "222222222222", "eu-west-1", "dev/eu-west-1")
    assert dev.parameters == {
        "RepositoryUrl": "https://github.com/acme/infra.git",
        "GithubCertificateArn": "",
        "LogRetentionDays": "7",
        "ComputeType": "BUILD_GENERAL1_LARGE",
        "VpcId": "vpc-2",
        "SubnetIds": "subnet-1,subnet-2",
        "AccountName": "dev",
        "ControlAccountId": FACTS.account_id,
        "ControlBusArn": FACTS.bus_arn,
        "ControlStackName": "pointsman",
        "ExternalId": FACTS.external_id,
    }
    assert (prod.parameters["LogRetentionDays"], "VpcId" in prod.parameters) == ("30", False)


def test_github_enterprise_is_one_setting_for_all_stacks() -> None:
    certificate = "arn:aws:s3:::acme-certificates/github.pem"
    made = installation(
        github={"url": "https://github.example.com/", "certificate": certificate},
        accounts={"dev": {"parameters": {"GithubCertificateArn": "arn:aws:s3:::of-dev/github.pem"}}},
    )
    control = made.control_stack("111111111111", "0123456789abcdef").parameters
    assert (control["GithubUrl"], control["GithubCertificateArn"]) == ("https://github.example.com", certificate)
    [dev, prod] = made.worker_stacks(FACTS, ["dev/eu-west-1", "prod/eu-west-1"])
    assert (
        dev.parameters["RepositoryUrl"]
        == prod.parameters["RepositoryUrl"]
        == ("https://github.example.com/acme/infra.git")
    )
    assert dev.parameters["GithubCertificateArn"] == "arn:aws:s3:::of-dev/github.pem"
    assert prod.parameters["GithubCertificateArn"] == certificate


def test_a_repository_on_another_github_than_the_installations_is_refused() -> None:
    made = installation(
        github={"url": "https://github.example.com"},
        accounts={"dev": {"parameters": {"RepositoryUrl": "https://github.com/acme/infra.git"}}},
        parameters={"SlackChannel": "C0123456789", "GithubUrl": "https://github.com"},
    )
    with pytest.raises(InvalidInput) as error:
        made.check_parameters()
    assert "accounts.dev.parameters.RepositoryUrl: it is not on github.example.com" in str(error.value)
    assert "parameters.GithubUrl: `pointsman deploy` sets this parameter" in str(error.value)


@pytest.mark.parametrize(
    "url", ["github.example.com", "http://github.example.com", "https://github.example.com/api/v3"]
)
def test_an_address_that_is_not_of_a_github_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"github\.url: .*must be the address of github's pages"):
        installation(github={"url": url})


def test_facts_come_from_the_deployed_stack() -> None:
    state = StackState("id", "CREATE_COMPLETE", parameters={"ExternalId": "deployed"}, outputs={"BusArn": "arn"})
    assert installation().facts("111111111111", state) == ControlFacts("111111111111", "arn", "deployed")
    assert installation(external_id="of-the-file").facts("1", state).external_id == "of-the-file"


def test_before_the_first_deployment_the_bus_is_predicted_and_the_external_id_is_new() -> None:
    one, other = (installation().facts("111111111111", None) for _ in range(2))
    assert one.bus_arn == FACTS.bus_arn
    assert len(one.external_id) == 32
    assert one.external_id != other.external_id


def test_every_invalid_parameter_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as error:
        installation(
            parameters={"SlackChanel": "C1", "WorkerAccountIds": "1", "LogLevel": "LOUD"},
            accounts={"staging": {}, "dev": {"parameters": {"VpcId": "subnet-1"}}},
            targets={"dev/eu-north-1": {}},
        ).check_parameters()
    for part in (
        "parameters.SlackChanel: the template has no such parameter",
        "parameters.WorkerAccountIds: `pointsman deploy` sets this parameter; remove it",
        "parameters.LogLevel: 'LOUD' is not one of",
        "accounts.staging: routes.yaml has no such account",
        "accounts.dev.parameters.VpcId: 'subnet-1' is not valid",
        "targets.dev/eu-north-1: routes.yaml has no such target",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("patterns", "selected"),
    [
        ([], ["control", "dev/eu-west-1", "dev/us-east-1", "prod/eu-west-1", "prod/us-east-1"]),
        (["dev/*"], ["dev/eu-west-1", "dev/us-east-1"]),
        (["*/eu-west-1", "control"], ["control", "dev/eu-west-1", "prod/eu-west-1"]),
    ],
)
def test_only(patterns: list[str], selected: list[str]) -> None:
    assert select(["control", *installation().targets], patterns) == selected


def test_only_that_names_nothing_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="'staging/\\*' names no stack; the stacks are control, dev/eu-west-1"):
        select(["control", *installation().targets], ["dev/*", "staging/*"])


def test_the_architecture_is_the_one_that_is_deployed() -> None:
    state = StackState("id", "CREATE_COMPLETE", parameters={"Architecture": "x86_64"})
    assert installation().architecture(state) == "x86_64"
    assert installation().architecture(None) == "arm64"
    assert installation(parameters={"Architecture": "arm64"}).architecture(state) == "arm64"
