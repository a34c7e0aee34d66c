"""Which requests are answered at all, and what is kept of them."""

import json
import re

import pytest

from localcloud.github.repository import GitRepository
from localcloud.web import HttpRequest
from tests.support.github_client import ApiClient


def test_a_repository_that_was_renamed_is_found_at_its_id(client: ApiClient, repository: GitRepository) -> None:
    repository.commit({"a": "1"}, "On a branch", branch="feature/ü")
    client.api.control(renames={"acme/old": "acme/infra"})
    moved = client.call("/repos/acme/old/compare/main...feature/ü?per_page=1")
    location = moved.headers["location"]
    assert moved.status == 301
    assert json.loads(moved.body)["message"] == "Moved Permanently"
    assert re.fullmatch(
        r"http://127\.0\.0\.1:1/_github/repositories/\d+/compare/main\.\.\.feature/%C3%BC\?per_page=1", location
    )
    moved = client.call(location.removeprefix("http://127.0.0.1:1/_github").replace("%C3%BC", "ü"))
    assert json.loads(moved.body)["total_commits"] == 1
    assert client.call("/repos/acme/old/commits/main", authorization="Bearer x").status == 401
    assert client.call("/repos/acme/older/commits/main").status == 404


def test_calls_can_be_read_and_forgotten(client: ApiClient, repository: GitRepository) -> None:
    client.get("git/trees/main?recursive=1")
    answer = json.loads(client.call("/calls").body)
    path = "/repos/acme/infra/git/trees/main"
    assert answer == [{"method": "GET", "path": path, "query": {"recursive": "1"}, "status": 200}]
    client.call("/control", "POST", {"reset": True})
    assert client.api.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/repos/acme/infra"),
        ("GET", "/repos/acme/infra/pulls/1"),
        ("POST", "/repos/acme/infra/git/trees/main"),
        ("GET", "/app/installations/1/access_tokens"),
        ("GET", "/repos/../infra/commits/main"),
        ("GET", "/repositories/1/commits/main"),
    ],
)
def test_nothing_else_is_there(client: ApiClient, repository: GitRepository, method: str, path: str) -> None:
    assert client.call(path, method).status == 404


def test_a_client_says_who_it_is(client: ApiClient, repository: GitRepository) -> None:
    request = HttpRequest("GET", "/_github/repos/acme/infra/commits/main", {}, {}, b"")
    assert client.api.serve(request).status == 403
