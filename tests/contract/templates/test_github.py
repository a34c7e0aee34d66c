"""Which GitHub the templates clone from, and what a private server needs beside that."""

from typing import Any

import pytest

from pointsman.core.github_host import GithubHost
from pointsman.core.model import Mode
from tests.contract.templates.cloudformation import (
    CONTROL_ACCOUNT,
    Stack,
    allowed,
    control,
    statements_of_roles,
    worker,
)
from tests.contract.templates.test_builds import may_start, request_of
from tests.contract.templates.test_parameters import refused

SERVER = "https://github.example.com"
REPOSITORY = f"{SERVER}/acme/infra.git"
CERTIFICATE = "arn:aws:s3:::acme-certificates/github.pem"
WORKER = "regional/template.yaml"


@pytest.mark.parametrize(
    ("repository", "kind"),
    [
        ("https://github.com/acme/infra.git", "GITHUB"),
        (REPOSITORY, "GITHUB_ENTERPRISE"),
        ("https://git.acme.internal:8443/acme/infra.git", "GITHUB_ENTERPRISE"),
        ("https://acme.ghe.com/acme/infra.git", "GITHUB_ENTERPRISE"),
        ("https://github.com.example.net/acme/infra.git", "GITHUB_ENTERPRISE"),
    ],
)
@pytest.mark.parametrize("project", ["Project", "CheckProject"])
def test_the_kind_of_source_follows_from_the_host(project: str, repository: str, kind: str) -> None:
    assert not refused(WORKER, "RepositoryUrl", repository)
    source = worker(RepositoryUrl=repository).properties(project)["Source"]
    assert (source["Type"], source["Location"]) == (kind, repository)


def start_on(host: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return request_of(Mode.APPLY, monkeypatch) | {"sourceLocationOverride": GithubHost(host).clone_url("acme/infra")}


@pytest.mark.parametrize(
    ("answers", "host", "starts"),
    [
        ({}, "https://github.com", True),
        ({}, SERVER, False),
        ({"RepositoryUrl": REPOSITORY}, SERVER, True),
        ({"RepositoryUrl": REPOSITORY}, "https://github.com", False),
        ({"RepositoryUrl": REPOSITORY}, "https://github.example.com.evil.test", False),
        ({"RepositoryUrl": REPOSITORY, "AllowedRepositories": f"{SERVER}/acme/web-*.git,{REPOSITORY}"}, SERVER, True),
        ({"RepositoryUrl": REPOSITORY, "AllowedRepositories": f"{SERVER}/acme/web-*.git"}, SERVER, False),
    ],
)
def test_a_build_clones_from_the_owner_on_this_host_alone(
    answers: dict[str, str], host: str, starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert may_start(start_on(host, monkeypatch), **answers) is starts


@pytest.mark.parametrize(
    ("template", "name", "wrong"),
    [
        ("template.yaml", "GithubUrl", "https://github.example.com/"),
        ("template.yaml", "GithubUrl", "https://github.example.com/api/v3"),
        ("template.yaml", "GithubUrl", "http://github.example.com"),
        ("template.yaml", "GithubUrl", "https://GitHub.com"),
        ("template.yaml", "GithubCertificateArn", "s3://acme-certificates/github.pem"),
        ("template.yaml", "GithubCertificateArn", "arn:aws:s3:::acme-certificates/*"),
        (WORKER, "GithubCertificateArn", "arn:aws:s3:::acme-certificates"),
        (WORKER, "RepositoryUrl", "http://github.example.com/acme/infra.git"),
        (WORKER, "RepositoryUrl", "https://user:word@github.example.com/acme/infra.git"),
        (WORKER, "RepositoryUrl", "https://github.example.com/acme/*.git"),
        (WORKER, "AllowedRepositories", "https://*.example.com/acme/infra.git"),
        (WORKER, "AllowedRepositories", "https://github.example.com/*/infra.git"),
    ],
)
def test_what_is_not_an_address_is_refused(template: str, name: str, wrong: str) -> None:
    assert refused(template, name, wrong)


# --- a private authority --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("project", "role"), [("Project", "BuildRole"), ("CheckProject", "CheckRole")])
def test_a_build_trusts_the_certificate_and_may_read_just_it(project: str, role: str) -> None:
    stack = worker(RepositoryUrl=REPOSITORY, GithubCertificateArn=CERTIFICATE)
    assert stack.properties(project)["Environment"]["Certificate"] == CERTIFICATE
    assert {action: each.resources for each in more(stack, worker(), role) for action in each.actions} == {
        "s3:GetObject": [CERTIFICATE],
        "s3:GetObjectVersion": [CERTIFICATE],
        "s3:GetBucketAcl": ["arn:aws:s3:::acme-certificates"],
        "s3:GetBucketLocation": ["arn:aws:s3:::acme-certificates"],
    }


def more(stack: Stack, than: Stack, role: str) -> list[Any]:
    usual = allowed(than, role)
    return [each for each in allowed(stack, role) if each not in usual]


def test_without_a_certificate_none_is_named() -> None:
    assert "Certificate" not in worker().properties("Project")["Environment"]
    assert not [each for each in allowed(control(), "WebhookReceiverRole") if "s3:GetObject" in each.actions]


def test_the_receiver_may_read_the_certificate_alone() -> None:
    [added] = more(control(GithubCertificateArn=CERTIFICATE), control(), "WebhookReceiverRole")
    assert (added.actions, added.resources) == (["s3:GetObject"], [CERTIFICATE])


# --- a private network ----------------------------------------------------------------------------------------------


def test_the_receiver_joins_a_vpc_and_its_own_code_may_not_use_what_that_takes() -> None:
    stack = control(ReceiverSubnetIds="subnet-0a1b", ReceiverSecurityGroupIds="sg-0a1b")
    assert stack.properties("WebhookReceiver")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b"],
        "SecurityGroupIds": ["sg-0a1b"],
    }
    [added] = more(stack, control(), "WebhookReceiverRole")
    assert {action.partition(":")[0] for action in added.actions} == {"ec2"}
    [denied] = [
        each for each in statements_of_roles(stack) if each.effect == "Deny" and "WebhookReceiver" in each.where
    ]
    function = f"arn:aws:lambda:us-east-1:{CONTROL_ACCOUNT}:function:pointsman-webhook-receiver"
    assert denied.conditions == {"ArnEquals": {"lambda:SourceFunctionArn": function}}
    assert "VpcConfig" not in control().properties("WebhookReceiver")
