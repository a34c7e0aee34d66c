"""Registering the App by a manifest, as GitHub does it."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from localcloud.github.registration import CODE_SECONDS
from localcloud.web import HttpResponse
from tests.support.github_client import ApiClient

MANIFEST: dict[str, Any] = {
    "name": "Pointsman acme",
    "url": "https://github.com/acme",
    "hook_attributes": {"url": "https://receiver.example/github"},
    "redirect_url": "http://127.0.0.1:9999/created",
    "default_permissions": {"contents": "read"},
    "default_events": ["push"],
}


def create(client: ApiClient, **changes: Any) -> HttpResponse:
    body = {"manifest": json.dumps(MANIFEST | changes)}
    return client.call("/organizations/acme/settings/apps/new?state=s1", "POST", body)


def code_of(answer: HttpResponse) -> str:
    assert answer.status == 302, answer.body
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == MANIFEST["redirect_url"]
    query = parse_qs(address.query)
    assert query["state"] == ["s1"]
    return query["code"][0]


def as_app(client: ApiClient, method: str, path: str, body: object = None) -> Any:
    token = jwt.encode(client.claims(), client.api.app.private_key, "RS256")
    answer = client.call(path, method, body, authorization=f"Bearer {token}")
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def test_a_code_is_exchanged_once(client: ApiClient) -> None:
    code = code_of(create(client))
    answer = client.call(f"/app-manifests/{code}/conversions", "POST")
    assert answer.status == 201
    app = json.loads(answer.body)
    assert (app["id"], app["pem"]) == (client.api.app.app_id, client.api.app.private_key)
    assert app["webhook_secret"] == client.api.registration.hook["secret"]
    assert client.call(f"/app-manifests/{code}/conversions", "POST").status == 404


def test_a_code_expires_after_an_hour(client: ApiClient) -> None:
    code = code_of(create(client))
    client.now += CODE_SECONDS
    assert client.call(f"/app-manifests/{code}/conversions", "POST").status == 404


@pytest.mark.parametrize(
    "changes",
    [{"default_events": ["push", "pull_request"]}, {"url": ""}, {"hook_attributes": {}}, {"name": "x" * 35}],
    ids=str,
)
def test_a_wrong_manifest_is_refused(client: ApiClient, changes: dict[str, Any]) -> None:
    assert create(client, **changes).status == 422


def test_an_app_reads_and_sets_what_is_its_own(client: ApiClient) -> None:
    create(client)
    shape = as_app(client, "GET", "/app")
    assert (shape["name"], shape["owner"]["login"]) == ("Pointsman acme", "acme")
    assert shape["html_url"].endswith("/apps/pointsman-acme")
    assert as_app(client, "GET", "/app/installations") == []
    client.api.registration.installed = True
    [installation] = as_app(client, "GET", "/app/installations")
    assert installation["id"] == client.api.app.installation_id
    assert as_app(client, "PATCH", "/app/hook/config", {"secret": "s", "content_type": "json"})["secret"] == "********"
    assert client.api.registration.hook["secret"] == "s"


def test_nobody_else_may_ask(client: ApiClient) -> None:
    assert client.call("/app").status == 401
