"""Calls the handler of GitHub's API without HTTP, at a fixed time."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt

from localcloud.github.api import GithubApi
from localcloud.github.app import GithubApp
from localcloud.github.history import PlannedCommit
from localcloud.github.repository import GitRepository
from localcloud.web import HttpRequest, HttpResponse

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


APP = GithubApp()  # making a key takes its time: one for all


class ApiClient:
    """Calls the handler as a client with a token would."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = NOON
        app = replace(APP, clock=lambda: self.now, token_seconds=3600.0, _grants={})
        self.api = GithubApi(directory / "git", app=app)
        self.token = app.token

    def repository(self, full_name: str = "acme/infra") -> GitRepository:
        made = GitRepository(self.directory / "git", self.directory / "clones", full_name)
        made.create()
        return made

    def call(self, path: str, method: str = "GET", body: object = None, **headers: str) -> HttpResponse:
        path, _, query = path.partition("?")
        own = {"authorization": f"Bearer {self.token}", "user-agent": "test", "host": "127.0.0.1:1"}
        parameters = dict(each.split("=") for each in query.split("&") if each)
        content = {"content-type": "application/json"} if body is not None else {}
        sent = json.dumps(body).encode() if body is not None else b""
        return self.api.serve(HttpRequest(method, f"/_github{path}", parameters, own | content | headers, sent))

    def get(self, path: str, status: int = 200, full_name: str = "acme/infra") -> Any:
        answer = self.call(f"/repos/{full_name}/{path}")
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    def claims(self, **changes: Any) -> dict[str, Any]:
        claims = {"iss": str(self.api.app.app_id), "iat": int(self.now) - 60, "exp": int(self.now) + 480} | changes
        return {name: value for name, value in claims.items() if value is not None}

    def ask_token(self, body: object = None, jwt_: str | None = None, installation: int | None = None) -> HttpResponse:
        app = self.api.app
        signed = jwt_ or jwt.encode(self.claims(), app.private_key, "RS256")
        path = f"/app/installations/{installation or app.installation_id}/access_tokens"
        return self.call(path, "POST", body, authorization=f"Bearer {signed}")

    def use_token(self, **narrowed: Any) -> dict[str, Any]:
        answer = self.ask_token(narrowed)
        assert answer.status == 201, answer.body
        token: dict[str, Any] = json.loads(answer.body)
        self.token = token["token"]
        return token


def named(files: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(file["status"], file["filename"]) for file in files]


def many(count: int) -> PlannedCommit:
    return PlannedCommit("Many", {f"files/{number:04}": f"{number}\n" for number in range(count)})
