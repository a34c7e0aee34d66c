"""GitHub's side of a webhook: faithful payloads from real git data, signed deliveries over HTTP, and redelivery.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from localcloud.git import DEFAULT_BRANCH, ZERO, Author, Commit, Repository, Update

USER_AGENT: Final = "GitHub-Hookshot/0c1f8a2"
_TIMEOUT_SECONDS: Final = 10.0
_MOST_COMMITS: Final = 2048
_WEB: Final = "https://github.com"
_API: Final = "https://api.github.com"


@dataclass(frozen=True)
class Exchange:
    """What the endpoint answered; status 0 when it did not within GitHub's ten seconds."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event. A redelivery has the same id and says so."""

    id: str
    event: str
    redelivery: bool
    delivered_at: str
    url: str
    headers: dict[str, str]
    payload: str
    """The raw body that was signed."""
    response: Exchange


class Webhook:
    """A repository's webhook: where it goes, its secret, and its recent deliveries."""

    def __init__(self, url: str, secret: str, deliveries: Path) -> None:
        self.url, self._secret, self._directory = url, secret, deliveries

    def deliver(
        self, event: str, payload: object, *, delivery_id: str | None = None, secret: str | None = None
    ) -> Delivery:
        """Send an event. `payload`: an object, or bytes as they are. A `secret` other than the hook's forges it."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        identity = delivery_id or str(uuid.uuid1())
        return self._send(event, body, identity, secret or self._secret, redelivery=False)

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send a kept delivery again, with its id; KeyError when there is none of that id."""
        kept = self.deliveries(delivery_id)
        if not kept:
            raise KeyError(delivery_id)
        return self._send(kept[0].event, kept[0].payload.encode(), delivery_id, self._secret, redelivery=True)

    def deliveries(self, delivery_id: str | None = None) -> list[Delivery]:
        """Recent deliveries, oldest first; those of one id when it is given."""
        files = sorted(self._directory.glob("*.json"))
        kept = [_read(file) for file in files]
        return [each for each in kept if delivery_id in {None, each.id}]

    def _send(self, event: str, body: bytes, identity: str, secret: str, *, redelivery: bool) -> Delivery:
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-GitHub-Delivery": identity,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "464920172",
            "X-GitHub-Hook-Installation-Target-ID": "186853002",
            "X-GitHub-Hook-Installation-Target-Type": "repository",
            "X-Hub-Signature": f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}",
            "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
        }
        at = datetime.now(UTC)
        delivery = Delivery(
            id=identity,
            event=event,
            redelivery=redelivery,
            delivered_at=at.isoformat(),
            url=self.url,
            headers=headers,
            payload=body.decode("utf-8", "replace"),
            response=_post(self.url, headers, body),
        )
        self._directory.mkdir(parents=True, exist_ok=True)
        file = self._directory / f"{at:%Y%m%dT%H%M%S.%f}-{identity}.json"
        file.write_text(json.dumps(asdict(delivery), indent=2) + "\n")
        return delivery


def push_payload(repository: Repository, update: Update, pusher: Author) -> dict[str, Any]:
    """The body of a `push` event for a branch that moved."""
    created, deleted = update.before == ZERO, update.after == ZERO
    commits = [] if deleted else repository.commits(update.before, update.after)
    listed = [_commit(repository, commit) for commit in commits[-_MOST_COMMITS:]]
    head = None if deleted else _commit(repository, repository.describe(update.after))
    return {
        "ref": update.ref,
        "before": update.before,
        "after": update.after,
        "repository": _repository(repository),
        "pusher": {"name": pusher.login, "email": pusher.email},
        "sender": _user(pusher.login),
        "created": created,
        "deleted": deleted,
        "forced": not created and not deleted and not repository.is_ancestor(update.before, update.after),
        "base_ref": f"refs/heads/{DEFAULT_BRANCH}" if created and not commits else None,
        "compare": _compare(repository, update),
        "commits": listed,
        "head_commit": head,
    }


def ping_payload(repository: Repository) -> dict[str, Any]:
    """The body of the `ping` that GitHub sends when a webhook is made."""
    return {
        "zen": "Speak like a human.",
        "hook_id": 464920172,
        "hook": {
            "type": "Repository",
            "id": 464920172,
            "name": "web",
            "active": True,
            "events": ["push"],
            "config": {"content_type": "json", "insecure_ssl": "0"},
        },
        "repository": _repository(repository),
        "sender": _user("ada"),
    }


def _repository(repository: Repository) -> dict[str, Any]:
    owner, name = repository.full_name.split("/")
    identity, now = _number(repository.full_name), int(time.time())
    web, api = f"{_WEB}/{repository.full_name}", f"{_API}/repos/{repository.full_name}"
    return {
        "id": identity,
        "node_id": f"R_{identity:x}",
        "name": name,
        "full_name": repository.full_name,
        "private": True,
        "owner": {"name": owner, "email": None, **_user(owner, kind="Organization")},
        "html_url": web,
        "description": "Our machines, as code",
        "fork": False,
        "url": web,
        "git_url": f"git://github.com/{repository.full_name}.git",
        "ssh_url": f"git@github.com:{repository.full_name}.git",
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


def _commit(repository: Repository, commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.timestamp.isoformat(),
        "url": f"{_WEB}/{repository.full_name}/commit/{commit.sha}",
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "added": commit.added,
        "removed": commit.removed,
        "modified": commit.modified,
    }


def _person(author: Author) -> dict[str, str]:
    return {"name": author.name, "email": author.email, "username": author.login}


def _user(login: str, kind: str = "User") -> dict[str, Any]:
    identity = _number(login)
    return {
        "login": login,
        "id": identity,
        "node_id": f"U_{identity:x}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{identity}?v=4",
        "url": f"{_API}/users/{login}",
        "html_url": f"{_WEB}/{login}",
        "type": kind,
        "site_admin": False,
    }


def _compare(repository: Repository, update: Update) -> str:
    web = f"{_WEB}/{repository.full_name}"
    if update.before == ZERO:
        return f"{web}/commit/{update.after[:12]}" if update.ref else web
    return f"{web}/compare/{update.before[:12]}...{update.after[:12]}"


def _number(name: str) -> int:
    """An id that stays the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


def _post(url: str, headers: dict[str, str], body: bytes) -> Exchange:
    begun = time.monotonic()
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=_TIMEOUT_SECONDS)
    except httpx.TransportError as error:
        return Exchange(0, {}, f"{type(error).__name__}: {error}", time.monotonic() - begun)
    return Exchange(answer.status_code, dict(answer.headers), answer.text, time.monotonic() - begun)


def _read(file: Path) -> Delivery:
    kept = json.loads(file.read_text())
    return Delivery(**{**kept, "response": Exchange(**kept["response"])})
