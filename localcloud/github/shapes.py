"""GitHub's JSON for accounts, repositories, commits and files, in events and in the REST API."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from localcloud.github.clone import DEFAULT_BRANCH
from localcloud.github.commits import Author, CommitHeader
from localcloud.github.objects import FileDifference

WEB: Final = "https://github.com"
API: Final = "https://api.github.com"


def on_server(host: str, payload: dict[str, Any]) -> dict[str, Any]:
    """An event as GitHub Enterprise Server at `host` sends it: every address is on that host, the API's below it."""
    text = json.dumps(payload).replace(API, f"https://{host}/api/v3")
    avatars = text.replace("https://avatars.githubusercontent.com", f"https://{host}/avatars")
    moved: dict[str, Any] = json.loads(re.sub(r"(https://|git://|git@)github\.com", rf"\g<1>{host}", avatars))
    return moved


def identity_of(name: str) -> int:
    """An id that is always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


def user(login: str, kind: str = "User") -> dict[str, Any]:
    """An account, as in events and the API."""
    identity = identity_of(login)
    return {
        "login": login,
        "id": identity,
        "node_id": f"U_{identity:x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{identity}?v=4",
        "url": f"{API}/users/{login}",
        "html_url": f"{WEB}/{login}",
        "type": kind,
        "site_admin": False,
    }


def repository_shape(full_name: str, identity: int | None = None, *, fork: bool = False) -> dict[str, Any]:
    """A repository, as in events and the API. `identity`: its id, if it was renamed."""
    owner, name = full_name.split("/")
    number, now = identity or identity_of(full_name), int(time.time())
    web, api = f"{WEB}/{full_name}", f"{API}/repos/{full_name}"
    return {
        "id": number,
        "node_id": f"R_{number:x}",
        "name": name,
        "full_name": full_name,
        "private": True,
        "owner": {"name": owner, "email": None, **user(owner, kind="Organization")},
        "html_url": web,
        "description": "Our machines, as code",
        "fork": fork,
        "url": web,
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{web}.git",
        "compare_url": f"{api}/compare/{{base}}...{{head}}",
        "created_at": now,
        "updated_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "pushed_at": now,
        "size": 128,
        "language": "Jinja",
        "archived": False,
        "disabled": False,
        "visibility": "private",
        "default_branch": DEFAULT_BRANCH,
        "master_branch": DEFAULT_BRANCH,
        "organization": owner,
    }


@dataclass(frozen=True)
class RepositoryShapes:
    """GitHub's JSON for the contents of one repository. `api`: the API's address."""

    api: str
    full_name: str

    @property
    def url(self) -> str:
        """The repository's address in the API."""
        return f"{self.api}/repos/{self.full_name}"

    @property
    def web(self) -> str:
        """The repository's page."""
        return f"{WEB}/{self.full_name}"

    @property
    def owner(self) -> str:
        """The account that owns the repository."""
        return self.full_name.partition("/")[0]

    def file(self, difference: FileDifference, commit: str) -> dict[str, Any]:
        """A file of a comparison or a commit; without its patch, as GitHub does for a large one."""
        path = quote(difference.path)
        shape: dict[str, Any] = {
            "sha": difference.sha,
            "filename": difference.path,
            "status": difference.status,
            "additions": difference.additions,
            "deletions": difference.deletions,
            "changes": difference.additions + difference.deletions,
            "blob_url": f"{self.web}/blob/{commit}/{path}",
            "raw_url": f"{self.web}/raw/{commit}/{path}",
            "contents_url": f"{self.url}/contents/{path}?ref={commit}",
        }
        return {**shape, "previous_filename": difference.previous} if difference.previous else shape

    def entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry of a tree. A submodule has no address: its commit is in another repository."""
        if entry["type"] == "commit":
            return entry
        return {**entry, "url": f"{self.url}/git/{entry['type']}s/{entry['sha']}"}

    def commit(self, commit: CommitHeader) -> dict[str, Any]:
        """A commit without its files."""
        web = f"{self.web}/commit"
        return {
            "sha": commit.sha,
            "node_id": base64.b64encode(f"06:Commit:{commit.sha}".encode()).decode(),
            "commit": {
                "author": _signed(commit.author, commit.timestamp),
                "committer": _signed(commit.committer, commit.committed),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": f"{self.url}/git/trees/{commit.tree}"},
                "url": f"{self.url}/git/commits/{commit.sha}",
                "comment_count": 0,
                "verification": {
                    "verified": False,
                    "reason": "unsigned",
                    "signature": None,
                    "payload": None,
                    "verified_at": None,
                },
            },
            "url": f"{self.url}/commits/{commit.sha}",
            "html_url": f"{web}/{commit.sha}",
            "comments_url": f"{self.url}/commits/{commit.sha}/comments",
            "author": user(commit.author.login),
            "committer": user(commit.committer.login),
            "parents": [
                {"sha": parent, "url": f"{self.url}/commits/{parent}", "html_url": f"{web}/{parent}"}
                for parent in commit.parents
            ],
        }


def _signed(who: Author, when: datetime) -> dict[str, str]:
    return {"name": who.name, "email": who.email, "date": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
