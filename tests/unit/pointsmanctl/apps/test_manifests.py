"""The manifests: what they ask for, the pages that they go to, and which answers belong to them."""

import json
import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from pointsmanctl.apps.github_manifest import AppRequest, app_name
from pointsmanctl.apps.slack_manifest import creation_url, slack_manifest
from pointsmanctl.errors import InvalidInput
from tests.contract.templates.cloudformation import ROOT

REQUEST = AppRequest(
    github_url="https://github.com",
    name="pointsman-acme",
    webhook_url="https://receiver.example/github",
    redirect_url="http://127.0.0.1:4321/created",
    state="s-1",
    organization="acme",
)
CODE = "a180b1a3d263c81bc6441d7b990bae27d4c10679"


def test_permissions_are_those_of_the_events_and_of_the_token() -> None:
    manifest = REQUEST.manifest
    assert manifest["default_permissions"] == {"contents": "read", "metadata": "read", "pull_requests": "read"}
    receiver = (ROOT / "layers/shared/pointsman/core/github/receiver.py").read_text()
    assert sorted(manifest["default_events"]) == sorted(re.findall(r'case "(\w+)":', receiver))
    assert manifest["hook_attributes"] == {"url": "https://receiver.example/github", "active": True}
    assert manifest["public"] is False


@pytest.mark.parametrize(
    ("organization", "path"), [("acme", "/organizations/acme/settings/apps/new"), (None, "/settings/apps/new")]
)
def test_the_form_goes_to_the_owners_page(organization: str | None, path: str) -> None:
    page = replace(REQUEST, organization=organization).page()
    [action] = re.findall(r'<form action="([^"]*)" method="post">', page)
    address = urlsplit(unescape(action))
    assert (address.netloc, address.path, address.query) == ("github.com", path, "state=s-1")
    [value] = re.findall(r'name="manifest" value="([^"]*)"', page)
    assert json.loads(unescape(value))["name"] == "pointsman-acme"


def test_nothing_in_the_page_is_markup() -> None:
    page = replace(REQUEST, name='"><script>alert(1)</script>').page()
    assert "<script" not in page


@pytest.mark.parametrize("organization", ["", "a/b", "../x", "acme?x=1", "-acme"])
def test_an_organization_is_a_name(organization: str) -> None:
    with pytest.raises(InvalidInput, match="not the name of an organization"):
        replace(REQUEST, organization=organization)


def test_the_code_of_a_matching_answer_is_taken() -> None:
    assert REQUEST.code_of_address(f"http://127.0.0.1:4321/created?code={CODE}&state=s-1") == CODE


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"http://127.0.0.1:4321/created?code={CODE}&state=s-2", "its state is another one"),
        (f"http://127.0.0.1:4321/created?code={CODE}", "its state is another one"),
        (CODE, "its state is another one"),
        ("http://127.0.0.1:4321/created?state=s-1", "has no valid code"),
        ("http://127.0.0.1:4321/created?state=s-1&code=../app", "has no valid code"),
    ],
)
def test_any_other_answer_is_refused_and_not_repeated(address: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as error:
        REQUEST.code_of_address(address)
    assert CODE not in str(error.value)


def test_a_name_is_as_long_as_github_allows() -> None:
    assert app_name("pointsman", "acme", "x") == "pointsman-acme"
    assert app_name("pointsman", None, "a1b2") == "pointsman-a1b2"
    assert len(app_name("pointsman", "a" * 39, "x")) == 34


@pytest.mark.parametrize(("private", "history"), [(False, "channels:history"), (True, "groups:history")])
def test_slacks_manifest_has_the_scopes_that_notify_needs(private: bool, history: str) -> None:
    url = urlsplit(creation_url(slack_manifest("pointsman", private_channel=private), "https://slack.com/api/"))
    assert (url.netloc, url.path) == ("api.slack.com", "/apps")
    query = parse_qs(url.query)
    assert query["new_app"] == ["1"]
    manifest = json.loads(query["manifest_json"][0])
    assert manifest["oauth_config"]["scopes"]["bot"] == ["chat:write", history]
    assert manifest["settings"]["token_rotation_enabled"] is False


def test_govslack_has_its_own_page() -> None:
    assert creation_url({}, "https://slack-gov.com/api/").startswith("https://api.slack-gov.com/apps?")


def test_an_app_of_github_enterprise_server_is_registered_there() -> None:
    request = replace(REQUEST, github_url="https://github.example.com")
    assert request.action == "https://github.example.com/organizations/acme/settings/apps/new?state=s-1"
    assert request.manifest["url"] == "https://github.example.com/acme"
