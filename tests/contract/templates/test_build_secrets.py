"""What else a build may read and do, by the worker stack's parameters. A check gets nothing of it."""

import re
from collections.abc import Callable

import pytest

from pointsman.core.routes.options import PARAMETER_NAME, SECRET_NAME
from tests.contract.templates.cloudformation import Stack, Statement, allowed, control, load, worker

BOUNDARY = "arn:aws:iam::222222222222:policy/boundary"
KEY = "arn:aws:kms:eu-west-1:222222222222:key/8745a7a9-c340-456a-9166-edf953571bee"
HERE = {"StringEquals": {"aws:ResourceAccount": "222222222222", "aws:RequestedRegion": "eu-west-1"}}
OPEN = {
    "SecretNames": "infra/vault,prod/*",
    "ParameterNames": "/infra/token,/prod/*",
    "KmsKeyArns": KEY,
    "BuildPolicyArns": "arn:aws:iam::aws:policy/ReadOnlyAccess,arn:aws:iam::222222222222:policy/team/route53",
}


def statement(stack: Stack, policy: str) -> Statement:
    [found] = [each for each in allowed(stack, "BuildRole") if each.where == f"BuildRole/{policy}"]
    return found


def test_a_build_reads_the_secrets_that_are_listed_and_no_others() -> None:
    reads = statement(worker(**OPEN), "reads-secrets")
    assert reads.actions == ["secretsmanager:GetSecretValue"]
    assert reads.resources == [
        "arn:*:secretsmanager:*:*:secret:infra/vault-??????",
        "arn:*:secretsmanager:*:*:secret:prod/*-??????",
    ]
    assert reads.conditions == HERE


def test_a_build_reads_the_parameters_that_are_listed_and_no_others() -> None:
    reads = statement(worker(**OPEN), "reads-parameters")
    assert reads.actions == ["ssm:GetParameter"]
    assert reads.resources == ["arn:*:ssm:*:*:parameter/infra/token", "arn:*:ssm:*:*:parameter/prod/*"]
    assert reads.conditions == HERE


def test_a_key_decrypts_only_for_secrets_manager_and_ssm() -> None:
    decrypts = statement(worker(**OPEN), "decrypts-secrets")
    assert (decrypts.actions, decrypts.resources) == (["kms:Decrypt"], [KEY])
    services = ["secretsmanager.eu-west-1.amazonaws.com", "ssm.eu-west-1.amazonaws.com"]
    assert decrypts.conditions == {"StringEquals": {"kms:ViaService": services}}


def test_policies_of_the_team_are_added_to_ours() -> None:
    plain = worker().properties("BuildRole")["ManagedPolicyArns"]
    assert worker(**OPEN).properties("BuildRole")["ManagedPolicyArns"] == [*plain, *OPEN["BuildPolicyArns"].split(",")]
    assert all(plain)


def test_a_check_gets_nothing_of_it() -> None:
    """It runs the code of a pull request."""
    assert worker(**OPEN).properties("CheckRole") == worker().properties("CheckRole")


@pytest.mark.parametrize("stack", [control, worker])
def test_a_boundary_is_on_every_role_or_on_none(stack: Callable[..., Stack]) -> None:
    roles = stack(PermissionsBoundary=BOUNDARY).of_type("AWS::IAM::Role")
    assert len(roles) > 3
    assert {name: role.get("PermissionsBoundary") for name, role in roles.items()} == dict.fromkeys(roles, BOUNDARY)
    assert not any("PermissionsBoundary" in role for role in stack().of_type("AWS::IAM::Role").values())


@pytest.mark.parametrize(
    ("parameter", "right", "wrong"),
    [
        ("SecretNames", ["", "infra/vault", "infra/*", "a+b=c@d.e"], ["*", "a b", "arn:aws:x", "a*b", "a**"]),
        ("ParameterNames", ["", "/infra/token", "/infra/*"], ["infra", "/", "/*", "/a b", "/a*b"]),
        ("KmsKeyArns", ["", KEY, KEY.replace("aws", "aws-cn")], ["alias/x", KEY.replace(":key/", ":alias/"), "*"]),
        ("BuildPolicyArns", ["", *OPEN["BuildPolicyArns"].split(",")], ["AdministratorAccess", f"{BOUNDARY} "]),
        ("PermissionsBoundary", ["", BOUNDARY], ["boundary", "arn:aws:iam::222222222222:role/x"]),
    ],
)
def test_a_parameter_takes_what_it_needs_and_no_more(parameter: str, right: list[str], wrong: list[str]) -> None:
    pattern = re.compile(load("regional/template.yaml")["Parameters"][parameter]["AllowedPattern"])
    assert [each for each in right if not pattern.fullmatch(each)] == []
    assert [each for each in wrong if pattern.fullmatch(each)] == []


@pytest.mark.parametrize("name", ["infra/vault", "a_b+c=d.e@f-g", "x" * 512])
def test_every_secret_that_routes_may_name_can_be_listed(name: str) -> None:
    assert re.fullmatch(SECRET_NAME, name)
    assert re.fullmatch(load("regional/template.yaml")["Parameters"]["SecretNames"]["AllowedPattern"], name)


@pytest.mark.parametrize("name", ["/infra/token", "/a.b/c_d-e", "plain"])
def test_every_parameter_that_routes_may_name_can_be_listed(name: str) -> None:
    assert re.fullmatch(PARAMETER_NAME, name)
    listed = f"/{name.removeprefix('/')}"
    assert re.fullmatch(load("regional/template.yaml")["Parameters"]["ParameterNames"]["AllowedPattern"], listed)
