"""GitHub's REST API on this machine alone, answered from real bare repositories."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from localcloud.github.api import PREFIX, GithubApi
from localcloud.github.repository import GitRepository
from localcloud.web import HttpRequest
from tests.support.http_server import Call, Reply, serving


@dataclass(frozen=True)
class GithubServer:
    """The API at `url`, such as http://127.0.0.1:4321/_github, and what it answers from."""

    url: str
    api: GithubApi
    directory: Path

    @property
    def token(self) -> str:
        """The fine-grained token."""
        return self.api.app.token

    @property
    def app_secret(self) -> str:
        """The App's id, its installation's and its private key, as JSON."""
        return self.api.app.secret()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls so far: {method, path, query, status}."""
        return self.api.calls

    def repository(self, full_name: str = "acme/infra") -> GitRepository:
        """A repository, made when it is missing."""
        repository = GitRepository(self.directory / "git", self.directory / "clones", full_name)
        repository.create()
        return repository


def _serve(api: GithubApi, call: Call) -> Reply:
    target = urlsplit(call.target)
    answer = api.serve(
        HttpRequest(
            method=call.method,
            path=unquote(target.path),
            query={name: values[-1] for name, values in parse_qs(target.query, keep_blank_values=True).items()},
            headers=dict(call.headers),
            body=call.body,
        )
    )
    return Reply(answer.status, answer.body, {"content-type": answer.content_type, **answer.headers})


@contextlib.contextmanager
def github_server(directory: Path, account: str = "acme") -> Iterator[GithubServer]:
    """A running API, answered from the repositories below `directory`/git; what is held up ends with it."""
    api = GithubApi(directory / "git", account)
    with serving(partial(_serve, api)) as url:
        try:
            yield GithubServer(f"{url}{PREFIX.rstrip('/')}", api, directory)
        finally:
            api.control(reset=True)
