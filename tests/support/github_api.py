"""GitHub's REST API on this machine alone, answered from real bare repositories."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from localcloud.git import Repository
from localcloud.github_api import PREFIX, GithubApi
from localcloud.web import Request


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

    def repository(self, full_name: str = "acme/infra") -> Repository:
        """A repository, made when it is missing."""
        repository = Repository(self.directory / "git", self.directory / "clones", full_name)
        repository.create()
        return repository


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: GithubApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        asked = urlsplit(self.path)
        answer = self.server.api.serve(
            Request(
                method=self.command,
                path=unquote(asked.path),
                query={name: values[-1] for name, values in parse_qs(asked.query, keep_blank_values=True).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
        )
        self.send_response(answer.status)
        headers = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client had no more time
            super().handle()


@contextlib.contextmanager
def github_server(directory: Path, account: str = "acme") -> Iterator[GithubServer]:
    """A running API, answered from the repositories below `directory`/git; what is held up ends with it."""
    api = GithubApi(directory / "git", account)
    with _Http(api) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield GithubServer(f"http://127.0.0.1:{http.server_port}{PREFIX.rstrip('/')}", api, directory)
        finally:
            api.control(reset=True)
            http.shutdown()
            thread.join()
