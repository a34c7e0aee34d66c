"""The part of GitHub's REST API that tells which files changed, answered from the local bare repositories.

Who may ask is in github_app.py, what is answered in github_endpoints.py, and what goes wrong in github_faults.py.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from localcloud import github_endpoints as endpoints
from localcloud.github_app import DOCS, TOKEN_SECONDS, App, Grant, Refused
from localcloud.github_endpoints import StoredRun
from localcloud.github_faults import Faults
from localcloud.github_objects import Objects
from localcloud.github_shapes import Shapes, identity_of, repository_shape
from localcloud.web import Request, Response

PREFIX: Final = "/_github/"
CONTROL: Final = "/_github/control"
CALLS: Final = "/_github/calls"
ACCOUNT: Final = "acme"
TREE_LIMIT: Final = 100_000

_TOKENS: Final = re.compile(r"/app/installations/([^/]+)/access_tokens")
_REPOSITORY: Final = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))/(?P<rest>.+)")
_MOVED: Final = f"{DOCS}/guides/best-practices-for-using-the-rest-api#follow-redirects"

_ENDPOINTS: Final[dict[str, Callable[[StoredRun], Response]]] = {
    "compare/": endpoints.compare,
    "commits/": endpoints.commit,
    "git/trees/": endpoints.tree,
}


class GithubApi:
    """The API below `/_github/`. `account`: whose repositories the App and the fine-grained token may read."""

    def __init__(self, repositories: Path, account: str = ACCOUNT, app: App | None = None) -> None:
        self.app = app or App()
        self.tree_limit = TREE_LIMIT
        self.renames: dict[str, str] = {}
        """Full names that repositories had to those that they have."""
        self.installed: list[str] | None = None
        """The full names that may be read; None for every one of the account's."""
        self._account, self._repositories = account, repositories
        self._faults = Faults()
        self._calls: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls so far, oldest first: {method, path, query, status}; status 0 while one is held up."""
        with self._lock:
            return [dict(call) for call in self._calls]

    def serve(self, request: Request) -> Response:
        """Everything below `/_github/`."""
        if request.path == CALLS:
            return Response.json(self.calls)
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

    def control(self, **asked: Any) -> None:
        """What a test may ask for, here or as JSON to `POST /_github/control`.

        {"fail": {"path_contains": "compare", "status": 502, "times": 2}} makes the next calls fail; also with `message`
        and `headers`. {"delay": {"path_contains": "trees", "seconds": 3}} holds calls up, all of them or so many
        `times`. {"rate_limited": true} spends the hour's calls, "secondary" is the limit against bursts, false ends it.
        {"tree_limit": 50}, {"token_seconds": 60}, {"renames": {"acme/old": "acme/infra"}} and {"installed":
        ["acme/infra"]} set what has that name; {"withdraw": true} ends every installation token. {"reset": true} undoes
        all of it, lets go of what is held up and forgets the calls.
        """
        if asked.get("reset"):
            self._reset()
        if asked.get("withdraw"):
            self.app.withdraw()
        self._faults.ask(asked)
        self.tree_limit = asked.get("tree_limit", self.tree_limit)
        self.renames = asked.get("renames", self.renames)
        self.installed = asked.get("installed", self.installed)
        self.app.token_seconds = asked.get("token_seconds", self.app.token_seconds)

    def _control(self, request: Request) -> Response:
        self.control(**request.form())
        return Response.json({"ok": True})

    def _reset(self) -> None:
        self._faults.clear()
        self.tree_limit, self.renames, self.installed = TREE_LIMIT, {}, None
        self.app.token_seconds = TOKEN_SECONDS
        with self._lock:
            self._calls.clear()

    # --- requests ----------------------------------------------------------------------------------------------------

    def _answer(self, request: Request, path: str) -> Response:
        self._faults.wait(path)
        if "user-agent" not in request.headers:
            return Response.text("Request forbidden by administrative rules: there is no User-Agent header.\r\n", 403)
        try:
            self._faults.raise_for(path)
            answer = self._route(request, path)
            return Response(answer.body, answer.status, answer.content_type, self._faults.headers() | answer.headers)
        except Refused as refused:
            return Response.json(refused.body(), refused.status, self._faults.headers() | dict(refused.headers))

    def _route(self, request: Request, path: str) -> Response:
        if request.method == "POST" and (matched := _TOKENS.fullmatch(path)):
            return self._token(request, matched[1])
        matched = _REPOSITORY.fullmatch(path)
        if matched is None or request.method != "GET":
            raise Refused(404, "Not Found")
        grant = self.app.grant(request.headers.get("authorization", ""))
        self._faults.raise_for_limit(f"installation ID {self.app.installation_id}")
        api = f"http://{request.headers.get('host', 'localhost')}{PREFIX.rstrip('/')}"
        if moved := self._moved(matched["name"], grant):
            return _redirect(f"{api}/repositories/{identity_of(moved)}/{quote(matched['rest'])}", request.query)
        full_name = self._name_of(matched["name"], matched["id"], grant)
        asked = StoredRun(
            objects=Objects(self._repositories / f"{full_name}.git"),
            shapes=Shapes(api, full_name),
            identity=identity_of(full_name),
            path=matched["rest"],
            query=request.query,
            tree_limit=self.tree_limit,
        )
        for start, endpoint in _ENDPOINTS.items():
            if asked.path.startswith(start):
                return endpoint(asked)
        raise Refused(404, "Not Found")

    def _token(self, request: Request, installation: str) -> Response:
        installed = {name: identity_of(name) for name in self._installed()}
        token = self.app.issue(request.headers.get("authorization", ""), installation, request.body, installed)
        named = [repository_shape(name) for name in token.pop("repositories", [])]
        return Response.json({**token, "repositories": named} if named else token, 201)

    def _installed(self) -> list[str]:
        """The full names that the App's installation may read."""
        found = (bare.relative_to(self._repositories) for bare in sorted(self._repositories.glob("*/*.git")))
        there = [f"{path.parent}/{path.stem}" for path in found]
        if self.installed is None:
            return [name for name in there if name.partition("/")[0] == self._account]
        return [name for name in there if name in self.installed]

    def _readable(self, grant: Grant) -> list[str]:
        return [name for name in self._installed() if grant.repositories is None or name in grant.repositories]

    def _moved(self, name: str | None, grant: Grant) -> str | None:
        """The name that a renamed repository has now."""
        renamed = {old.lower(): new for old, new in self.renames.items()}
        new = renamed.get((name or "").lower())
        return new if new in self._readable(grant) else None

    def _name_of(self, name: str | None, identity: str | None, grant: Grant) -> str:
        """The repository's full name; Refused when there is none or the token may not read it."""
        readable = self._readable(grant)
        by_identity = {str(identity_of(each)): each for each in readable}
        by_identity |= {str(identity_of(old)): new for old, new in self.renames.items() if new in readable}
        by_name = {each.lower(): each for each in readable}
        found = by_name.get(name.lower()) if name else by_identity.get(identity or "")
        if found is None:
            raise Refused(404, "Not Found")
        if grant.permissions.get("contents") is None:
            raise Refused(403, "Resource not accessible by integration")
        return found


def _redirect(url: str, query: dict[str, str]) -> Response:
    location = f"{url}?{urlencode(query)}" if query else url
    body = {"message": "Moved Permanently", "url": location, "documentation_url": _MOVED}
    return Response.json(body, 301, {"location": location})
