"""What the checks say of an installation for GitHub Enterprise: every link leads to the same GitHub."""

from typing import Any

import pytest

from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsmanctl.doctor import connection, github, projects
from pointsmanctl.doctor.model import Link

LINK = Link("a link", "dev/eu-west-1")
SERVER = GithubHost("https://github.example.com")
TENANT = GithubHost("https://acme.ghe.com")
ARN = "arn:aws:codeconnections:eu-west-1:222222222222:connection/c1"


def cloning(*locations: str) -> list[dict[str, Any]]:
    return [{"name": "pointsman", "source": {"location": each}} for each in locations]


def test_builds_that_clone_from_another_github_are_named() -> None:
    right, wrong = "https://github.example.com/acme/infra.git", "https://github.com/acme/infra.git"
    assert list(projects.judge_source(LINK, cloning(right, right), SERVER)) == []
    [result] = projects.judge_source(LINK, cloning(right, wrong), SERVER)
    assert result.state == "broken"
    assert result.message == f"the builds clone from {wrong}, but the control stack serves github.example.com"


@pytest.mark.parametrize(
    ("host", "provider", "broken"),
    [
        (GITHUB_COM, "GitHub", False),
        (GITHUB_COM, "GitHubEnterpriseServer", True),
        (SERVER, "GitHubEnterpriseServer", False),
        (SERVER, "GitHub", True),
        (SERVER, "Bitbucket", True),
        (TENANT, "GitHub", False),
        (TENANT, "GitHubEnterpriseServer", False),
        (TENANT, "GitLab", True),
    ],
)
def test_a_connection_leads_to_the_kind_of_github_that_is_served(host: GithubHost, provider: str, broken: bool) -> None:
    results = list(connection.judge_provider(LINK, ARN, provider, host))
    assert [each.state for each in results] == (["broken"] if broken else [])
    assert all(f"c1 leads to {provider}" in each.message for each in results)


def test_the_settings_of_a_webhook_are_on_the_server() -> None:
    result = github.judge_webhooks("acme/infra", [], "https://receiver.example/github", SERVER)
    assert "https://github.example.com/acme/infra/settings/hooks" in result.remedy
