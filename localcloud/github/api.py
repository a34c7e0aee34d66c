"""The part of GitHub's REST API that lists changed files, answered from the local bare repositories.

See app.py for tokens, endpoints.py for answers, and faults.py for failures on request.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from localcloud.github import endpoints
from localcloud.github.app import DOCS, TOKEN_SECONDS, GithubApiError, GithubApp, TokenGrant
from localcloud.github.endpoints import RepositoryRequest
from localcloud.github.faults import GithubFaults
from localcloud.github.objects import GitObjects
from localcloud.github.registration import AppRegistration
from localcloud.github.shapes import RepositoryShapes, identity_of, repository_shape
from localcloud.web import HttpRequest, HttpResponse

PREFIX: Final = "/_github/"
CONTROL: Final = "/_github/control"
CALLS: Final = "/_github/calls"
ACCOUNT: Final = "acme"
TREE_LIMIT: Final = 100_000

_TOKENS: Final = re.compile(r"/app/installations/([^/]+)/access_tokens")
_REPOSITORY: Final = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))/(?P<rest>.+)")
_MOVED: Final = f"{DOCS}/guides/best-practices-for-using-the-rest-api#follow-redirects"

_ENDPOINTS: Final[dict[str, Callable[[RepositoryRequest], HttpResponse]]] = {
    "compare/": endpoints.compare,
    "commits/": endpoints.commit,
    "git/trees/": endpoints.tree,
}


class GithubApi:
    """The API below `/_github/`. `account`: the owner of the repositories that both tokens may read."""

    def __init__(self, repositories: Path, account: str = ACCOUNT, app: GithubApp | None = None) -> None:
        self.app = app or GithubApp()
        self.registration = AppRegistration(self.app, account)
        self.tree_limit = TREE_LIMIT
        self.renames: dict[str, str] = {}
        """Former full names of repositories to their current ones."""
        self.installed: list[str] | None = None
        """The full names that may be read; None for all of the account."""
        self._account, self._repositories = account, repositories
        self._faults = GithubFaults()
        self._calls: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls so far, oldest first: {method, path, query, status}; status 0 while one is delayed."""
        with self._lock:
            return [dict(call) for call in self._calls]

    def serve(self, request: HttpRequest) -> HttpResponse:
        """Handle a request below `/_github/`."""
        if request.path == CALLS:
            return HttpResponse.json(self.calls)
        if request.path == CONTROL:
            return self._control(request)
        path = f"/{request.path.removeprefix(PREFIX)}"
        call: dict[str, Any] = {"method": request.method, "path": path, "query": request.query, "status": 0}
        with self._lock:
            self._calls.append(call)
        answer = self._answer(request, path)
        with self._lock:
            call["status"] = answer.status
        return answer

    def control(self, **options: Any) -> None:
        """Change how the API behaves, for tests: here, or as JSON to `POST /_github/control`.

        {"fail": {"path_contains": "compare", "status": 502, "times": 2}} makes the next calls fail; also with `message`
        and `headers`. {"delay": {"path_contains": "trees", "seconds": 3}} delays calls, all of them or the number in
        `times`. {"rate_limited": true} uses up the hourly limit, "secondary" is the limit for bursts, false ends both.
        {"tree_limit": 50}, {"token_seconds": 60}, {"renames": {"acme/old": "acme/infra"}} and {"installed":
        ["acme/infra"]} set these values. {"withdraw": true} revokes every installation token. {"reset": true} reverts
        all of this, ends all delays and clears the list of calls.
        """
        if options.get("reset"):
            self._reset()
        if options.get("withdraw"):
            self.app.withdraw()
        self._faults.configure(options)
        self.tree_limit = options.get("tree_limit", self.tree_limit)
        self.renames = options.get("renames", self.renames)
        self.installed = options.get("installed", self.installed)
        self.app.token_seconds = options.get("token_seconds", self.app.token_seconds)

    def _control(self, request: HttpRequest) -> HttpResponse:
        self.control(**request.form())
        return HttpResponse.json({"ok": True})

    def _reset(self) -> None:
        self._faults.clear()
        self.tree_limit, self.renames, self.installed = TREE_LIMIT, {}, None
        self.app.token_seconds = TOKEN_SECONDS
        with self._lock:
            self._calls.clear()

    # --- requests ----------------------------------------------------------------------------------------------------

    def _answer(self, request: HttpRequest, path: str) -> HttpResponse:
        self._faults.wait(path)
        if "user-agent" not in request.headers:
            return HttpResponse.text(
                "Request forbidden by administrative rules: there is no User-Agent header.\r\n", 403
            )
        try:
            self._faults.raise_for(path)
            answer = self._route(request, path)
            return HttpResponse(
                answer.body, answer.status, answer.content_type, self._faults.headers() | answer.headers
            )
        except GithubApiError as refused:
            return HttpResponse.json(refused.body(), refused.status, self._faults.headers() | dict(refused.headers))

    def _route(self, request: HttpRequest, path: str) -> HttpResponse:
        if request.method == "POST" and (matched := _TOKENS.fullmatch(path)):
            return self._token(request, matched[1])
        if (answer := self.registration.serve(request, path, _base(request))) is not None:
            return answer
        matched = _REPOSITORY.fullmatch(path)
        if matched is None or request.method != "GET":
            raise GithubApiError(404, "Not Found")
        grant = self.app.grant(request.headers.get("authorization", ""))
        self._faults.raise_for_limit(f"installation ID {self.app.installation_id}")
        api = _base(request)
        if moved := self._renamed(matched["name"], grant):
            return _redirect(f"{api}/repositories/{identity_of(moved)}/{quote(matched['rest'])}", request.query)
        full_name = self._name_of(matched["name"], matched["id"], grant)
        about = RepositoryRequest(
            objects=GitObjects(self._repositories / f"{full_name}.git"),
            shapes=RepositoryShapes(api, full_name),
            identity=identity_of(full_name),
            path=matched["rest"],
            query=request.query,
            tree_limit=self.tree_limit,
        )
        for start, endpoint in _ENDPOINTS.items():
            if about.path.startswith(start):
                return endpoint(about)
        raise GithubApiError(404, "Not Found")

    def _token(self, request: HttpRequest, installation: str) -> HttpResponse:
        installed = {name: identity_of(name) for name in self._installed()}
        token = self.app.issue(request.headers.get("authorization", ""), installation, request.body, installed)
        named = [repository_shape(name) for name in token.pop("repositories", [])]
        return HttpResponse.json({**token, "repositories": named} if named else token, 201)

    def _installed(self) -> list[str]:
        """The full names that the App's installation may read."""
        paths = (bare.relative_to(self._repositories) for bare in sorted(self._repositories.glob("*/*.git")))
        existing = [f"{path.parent}/{path.stem}" for path in paths]
        if self.installed is None:
            return [name for name in existing if name.partition("/")[0] == self._account]
        return [name for name in existing if name in self.installed]

    def _readable(self, grant: TokenGrant) -> list[str]:
        return [name for name in self._installed() if grant.repositories is None or name in grant.repositories]

    def _renamed(self, name: str | None, grant: TokenGrant) -> str | None:
        """The current name of a renamed repository."""
        renamed = {old.lower(): new for old, new in self.renames.items()}
        new = renamed.get((name or "").lower())
        return new if new in self._readable(grant) else None

    def _name_of(self, name: str | None, identity: str | None, grant: TokenGrant) -> str:
        """The repository's full name; GithubApiError when it does not exist or the token may not read it."""
        readable = self._readable(grant)
        by_identity = {str(identity_of(each)): each for each in readable}
        by_identity |= {str(identity_of(old)): new for old, new in self.renames.items() if new in readable}
        by_name = {each.lower(): each for each in readable}
        full_name = by_name.get(name.lower()) if name else by_identity.get(identity or "")
        if full_name is None:
            raise GithubApiError(404, "Not Found")
        if grant.permissions.get("contents") is None:
            raise GithubApiError(403, "Resource not accessible by integration")
        return full_name


def _base(request: HttpRequest) -> str:
    """The address that the request was sent to, up to the prefix."""
    return f"http://{request.headers.get('host', 'localhost')}{PREFIX.rstrip('/')}"


def _redirect(url: str, query: dict[str, str]) -> HttpResponse:
    location = f"{url}?{urlencode(query)}" if query else url
    body = {"message": "Moved Permanently", "url": location, "documentation_url": _MOVED}
    return HttpResponse.json(body, 301, {"location": location})
