"""Tokens: who may read what, and for how long."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from localcloud.github.payloads import push_payload
from localcloud.github.repository import GitRepository
from tests.support.github_client import NOON, ApiClient


def test_a_token_is_made_for_an_hour_and_named_repositories(client: ApiClient, repository: GitRepository) -> None:
    client.repository("acme/other").commit({"a": "1"}, "Begin")
    token = client.use_token(repositories=["infra"], permissions={"contents": "read"})
    assert token["token"].startswith("ghs_")
    assert token["expires_at"] == "2026-11-23T13:00:00Z"
    assert token["permissions"] == {"contents": "read", "metadata": "read"}
    assert (token["repository_selection"], [each["full_name"] for each in token["repositories"]]) == (
        "selected", ["acme/infra"],
    )  # fmt: skip
    client.get("commits/main")
    client.get("commits/main", 404, "acme/other")
    client.now += 3_599
    client.get("commits/main")
    client.now += 1
    assert client.get("commits/main", 401)["message"] == "Bad credentials"


def test_a_token_that_is_not_narrowed_is_good_for_all_of_the_account(
    client: ApiClient, repository: GitRepository
) -> None:
    client.repository("acme/other").commit({"a": "1"}, "Begin")
    client.repository("hana/infra").commit({"a": "1"}, "Begin")
    token = client.use_token()
    assert token["repository_selection"] == "all"
    assert "repositories" not in token
    client.get("commits/main", 200, "ACME/Other")
    client.get("commits/main", 404, "hana/infra")
    client.api.control(installed=["acme/infra", "hana/infra"])
    client.get("commits/main", 200, "hana/infra")
    client.get("commits/main", 404, "acme/other")


def test_a_token_is_narrowed_by_a_repositorys_id_as_events_tell_it(
    client: ApiClient, repository: GitRepository
) -> None:
    update = repository.commit({"a": "1"}, "Change")
    number = push_payload(repository, update, repository.describe("main").author)["repository"]["id"]
    assert client.use_token(repository_ids=[number])["repositories"][0]["id"] == number
    client.get("commits/main")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"repositories": ["infra", "gone"]}, 422, "There is at least one repository that does not exist"),
        ({"permissions": {"contents": "write"}}, 422, "The permissions requested are not granted"),
        ({"permissions": {"issues": "read"}}, 422, "The permissions requested are not granted"),
        (["infra"], 400, "Body should be a JSON object"),
    ],
)
def test_a_token_for_more_than_was_installed_is_refused(
    client: ApiClient, repository: GitRepository, body: object, status: int, message: str
) -> None:
    answer = client.ask_token(body)
    assert answer.status == status
    assert json.loads(answer.body)["message"].startswith(message)


def test_a_token_without_contents_reads_none(client: ApiClient, repository: GitRepository) -> None:
    client.use_token(permissions={"metadata": "read"})
    assert client.get("commits/main", 403)["message"] == "Resource not accessible by integration"


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"iat": int(NOON) + 1}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"iat": NOON - 60.5}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"iat": None}, 401, "'Issued at' claim ('iat') must be an Integer"),
        ({"exp": int(NOON)}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": None}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
        ({"exp": int(NOON) + 601}, 401, "'Expiration time' claim ('exp') is too far in the future"),
        ({"iss": "1"}, 404, "Integration not found"),
    ],
)
def test_the_apps_claims_are_checked(client: ApiClient, changes: dict[str, Any], status: int, message: str) -> None:
    answer = client.ask_token(jwt_=jwt.encode(client.claims(**changes), client.api.app.private_key, "RS256"))
    assert answer.status == status
    assert json.loads(answer.body)["message"].startswith(message)


def test_the_longest_time_and_the_app_as_a_number_are_allowed(client: ApiClient) -> None:
    claims = client.claims(exp=int(NOON) + 600, iat=int(NOON))
    assert client.ask_token(jwt_=jwt.encode(claims, client.api.app.private_key, "RS256")).status == 201


@pytest.mark.parametrize("forged", ["another key", "HS256", "no JWT"])
def test_only_the_apps_own_key_signs(client: ApiClient, forged: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    tokens = {
        "another key": jwt.encode(client.claims(), key, "RS256"),
        "HS256": jwt.encode(client.claims(), "a secret of more than thirty-two bytes", "HS256"),
        "no JWT": client.token,
    }
    answer = client.ask_token(jwt_=tokens[forged])
    assert answer.status == 401
    assert json.loads(answer.body)["message"] == "A JSON web token could not be decoded"


def test_an_unknown_installation_is_not_found(client: ApiClient) -> None:
    assert client.ask_token(installation=1).status == 404


def test_a_wrong_token_is_refused_and_without_one_nothing_is_there(
    client: ApiClient, repository: GitRepository
) -> None:
    path = "/repos/acme/infra/commits/main"
    assert client.call(path, authorization="Bearer ghs_wrong").status == 401
    assert client.call(path, authorization=f"Basic {client.token}").status == 401
    assert client.call(path, authorization=f"token {client.token}").status == 200
    assert client.call(path, authorization="").status == 404


def test_a_withdrawn_token_is_worthless(client: ApiClient, repository: GitRepository) -> None:
    client.use_token()
    client.api.control(withdraw=True)
    client.get("commits/main", 401)


def test_the_secret_is_what_a_client_signs_with(client: ApiClient) -> None:
    secret = json.loads(client.api.app.secret())
    assert jwt.encode(client.claims(), secret["private_key"], "RS256")
    assert secret.keys() == {"app_id", "installation_id", "private_key"}
    assert client.token not in repr(client.api.app)
    assert "PRIVATE" not in repr(client.api.app)
