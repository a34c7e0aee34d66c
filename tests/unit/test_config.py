"""Addresses to which tokens are sent: over TLS, but for what stays on this machine."""

import re

import pytest

from functions.notify.settings import NotifySettings
from functions.webhook_receiver.settings import WebhookReceiverSettings
from pointsman.errors import Misconfigured
from tests.contract.templates.cloudformation import load

GOOD = [
    "https://api.github.com",
    "https://github.example.com/api/v3",
    "https://slack.com/api/",
    "http://127.0.0.1:4566/_slack/api/",
    "http://localhost:8080/_github",
    "http://127.0.0.1:4566/_github",
]
BAD = [
    "http://api.github.com",
    "http://slack.com/api/",
    "http://127.0.0.1.evil.example/",
    "http://127.0.0.1:80@evil.example/",
    "http://localhost.evil.example/x",
    "http://user@127.0.0.1@evil.example/x/",
    "ftp://slack.com/api/",
    "https:///api/",
    "//slack.com/api/",
    "file:///etc/passwd",
    "HTTP://evil.example/",
]


def github(url: str) -> WebhookReceiverSettings:
    needed = {"WEBHOOK_SECRET_NAME": "n", "CHANGES_QUEUE_URL": "u"}
    return WebhookReceiverSettings.from_environment(needed | {"GITHUB_API_URL": url})


def slack(url: str) -> NotifySettings:
    needed = {"AUDIT_TABLE": "a", "ROLLOUTS_TABLE": "r", "SLACK_SECRET_NAME": "s", "SLACK_CHANNEL": "C0123456789"}
    return NotifySettings.from_environment(needed | {"SLACK_API_URL": url})


@pytest.mark.parametrize("url", GOOD)
def test_an_address_with_tls_or_on_this_machine_is_taken(url: str) -> None:
    assert github(url).github_api_url == slack(url).slack_api_url == url


@pytest.mark.parametrize("url", BAD)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"GITHUB_API_URL: .*must be an https:// address"):
        github(url)
    with pytest.raises(Misconfigured, match=r"SLACK_API_URL: .*must be an https:// address"):
        slack(url)


@pytest.mark.parametrize("parameter", ["SlackApiUrl", "GithubApiUrl"])
def test_the_template_asks_for_the_same(parameter: str) -> None:
    pattern = load("template.yaml")["Parameters"][parameter]["AllowedPattern"]
    ends = "/" if parameter == "SlackApiUrl" else ""
    for url in GOOD:
        assert re.fullmatch(pattern, url.rstrip("/") + ends), url
    for url in BAD:
        assert not re.fullmatch(pattern, url.rstrip("/") + ends), url


def test_slack_members_have_their_login_in_lower_case() -> None:
    needed = {name: "x" for name, required in NotifySettings.environment_names().items() if required}
    read = NotifySettings.from_environment(needed | {"SLACK_MEMBERS": "Hana=U012AB3CD, omar_acme=W045EF6GH"})
    assert read.slack_members == {"hana": "U012AB3CD", "omar_acme": "W045EF6GH"}
    assert NotifySettings.from_environment(needed | {"SLACK_MEMBERS": ""}).slack_members == {}


@pytest.mark.parametrize(
    "wrong", ["hana", "hana=", "hana=@hana", "hana=U012AB> <!channel", "a=U012AB;b=U034CD", "=U012AB"]
)
def test_an_invalid_slack_member_is_misconfigured(wrong: str) -> None:
    needed = {name: "x" for name, required in NotifySettings.environment_names().items() if required}
    with pytest.raises(Misconfigured, match=r"SLACK_MEMBERS.*member ids"):
        NotifySettings.from_environment(needed | {"SLACK_MEMBERS": wrong})
