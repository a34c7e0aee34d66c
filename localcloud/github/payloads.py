"""The bodies of push and ping events, from real git data.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from localcloud.github.clone import DEFAULT_BRANCH
from localcloud.github.commits import Author, GitCommit
from localcloud.github.repository import ZERO, GitRepository, RefUpdate
from localcloud.github.shapes import WEB, repository_shape, user

_MOST_COMMITS: Final = 2048
_MOST_NAMES: Final = 3000


def push_payload(
    repository: GitRepository,
    update: RefUpdate,
    pusher: Author,
    *,
    full_name: str | None = None,
    repository_id: int | None = None,
) -> dict[str, Any]:
    """The body of a `push` event for a branch or tag that moved.

    `full_name` and `repository_id`: those of the repository before it was renamed.
    """
    name = full_name or repository.full_name
    created, deleted = update.before == ZERO, update.after == ZERO
    commits = _commits(repository, update)
    distinct = repository.only_on(update.ref, update.before, update.after) if commits else set()
    head = None if deleted else repository.describe(update.after)
    return {
        "ref": update.ref,
        "before": update.before,
        "after": update.after,
        "repository": repository_shape(name, repository_id),
        "pusher": {"name": pusher.login, "email": pusher.email},
        "sender": user(pusher.login),
        "created": created,
        "deleted": deleted,
        "forced": not created and not deleted and not repository.is_ancestor(update.before, update.after),
        "base_ref": _base_ref(repository, update.ref, head.sha) if created and head and not commits else None,
        "compare": _compare(name, update, commits),
        "commits": [_commit(name, each, distinct=each.sha in distinct) for each in commits[-_MOST_COMMITS:]],
        "head_commit": _commit(name, head) if head else None,
    }


def ping_payload(repository: GitRepository) -> dict[str, Any]:
    """The body of the `ping` event that GitHub sends for a new webhook."""
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
        "repository": repository_shape(repository.full_name),
        "sender": user("ada"),
    }


def _commits(repository: GitRepository, update: RefUpdate) -> list[GitCommit]:
    """The commits in a push event, oldest first; none for a tag."""
    if update.after == ZERO or update.ref.startswith("refs/tags/"):
        return []
    return repository.commits(update.before, update.after, update.ref)


def _base_ref(repository: GitRepository, ref: str, head: str) -> str | None:
    """The branch at which a new ref without new commits starts."""
    branches = {name: sha for name, sha in repository.branches().items() if name != ref}
    default = f"refs/heads/{DEFAULT_BRANCH}"
    same_commit = [name for name, sha in branches.items() if sha == head]
    if default in same_commit or not same_commit:
        return default if default in branches and repository.is_ancestor(head, default) else None
    return same_commit[0]


def _commit(full_name: str, commit: GitCommit, *, distinct: bool = True) -> dict[str, Any]:
    names = iter([*((each, "added") for each in commit.added), *((each, "removed") for each in commit.removed),
                  *((each, "modified") for each in commit.modified)])  # fmt: skip
    listed: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for name, kind in islice(names, _MOST_NAMES):
        listed[kind].append(name)
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": distinct,
        "message": commit.message,
        "timestamp": commit.timestamp.isoformat(),
        "url": f"{WEB}/{full_name}/commit/{commit.sha}",
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        **listed,
    }


def _person(author: Author) -> dict[str, str]:
    return {"name": author.name, "email": author.email, "username": author.login}


def _compare(full_name: str, update: RefUpdate, commits: list[GitCommit]) -> str:
    web = f"{WEB}/{full_name}"
    if update.before != ZERO:
        return f"{web}/compare/{update.before[:12]}...{update.after[:12]}"
    match commits:
        case []:
            return f"{web}/compare/{update.ref.split('/', 2)[2]}"
        case [only]:
            return f"{web}/commit/{only.sha[:12]}"
        case [first, *_, last]:
            return f"{web}/compare/{first.sha[:12]}^...{last.sha[:12]}"
    raise AssertionError("a list is empty or has commits")
