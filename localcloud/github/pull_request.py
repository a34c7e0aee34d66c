"""The body of a pull_request event, from real git data.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from localcloud.github.commits import Author
from localcloud.github.objects import GitObjects
from localcloud.github.repository import GitRepository
from localcloud.github.shapes import API, WEB, identity_of, repository_shape, user


def pull_request_payload(
    repository: GitRepository,
    number: int,
    action: str,
    base: str,
    head: str,
    author: Author,
    *,
    head_repository: str | None = None,
    title: str = "Change the site",
    draft: bool = False,
    merged: bool = False,
    before: str | None = None,
) -> dict[str, Any]:
    """The body of a `pull_request` event; `base` and `head` are branches.

    `head_repository`: the full name of the fork with `head`; if there is no such repository, `head` is taken from this
    one. The base repository keeps the head as refs/pull/<number>/head, as on GitHub. `before`: the
    previous head, for `synchronize`.
    """
    source = repository.sibling(head_repository or repository.full_name)
    there = source if source.bare.is_dir() else repository
    base_sha = repository.resolve(f"refs/heads/{base}")
    head_sha = repository.store_pull_request(number, f"refs/heads/{head}", there)
    moved = {"before": before, "after": head_sha} if action == "synchronize" else {}
    owner = repository.full_name.partition("/")[0]
    return {
        "action": action,
        "number": number,
        "pull_request": {
            **_pull_request(repository, number, base_sha, head_sha),
            "state": "closed" if action == "closed" else "open",
            "title": title,
            "user": user(author.login),
            "draft": draft,
            "merged": merged,
            "closed_at": _now() if action == "closed" else None,
            "merged_at": _now() if merged else None,
            "merged_by": user(author.login) if merged else None,
            "head": _side(source.full_name, head, head_sha, fork=source.full_name != repository.full_name),
            "base": _side(repository.full_name, base, base_sha),
        },
        **moved,
        "repository": _repository(repository.full_name),
        "organization": {"login": owner, "id": identity_of(owner), "url": f"{API}/orgs/{owner}", "description": ""},
        "sender": user(author.login),
    }


def _pull_request(repository: GitRepository, number: int, base: str, head: str) -> dict[str, Any]:
    """The fields that do not depend on the event: addresses and counts."""
    api, web = f"{API}/repos/{repository.full_name}", f"{WEB}/{repository.full_name}/pull/{number}"
    objects = GitObjects(repository.bare)
    fork = objects.merge_base(base, head)
    files = objects.difference(fork, head)
    identity = identity_of(f"{repository.full_name}#{number}")
    return {
        "url": f"{api}/pulls/{number}",
        "id": identity,
        "node_id": f"PR_{identity:x}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": f"{api}/issues/{number}",
        "number": number,
        "locked": False,
        "body": None,
        "created_at": _now(),
        "updated_at": _now(),
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "commits_url": f"{api}/pulls/{number}/commits",
        "comments_url": f"{api}/issues/{number}/comments",
        "statuses_url": f"{api}/statuses/{head}",
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(objects.between(base, head)),
        "additions": sum(each.additions for each in files),
        "deletions": sum(each.deletions for each in files),
        "changed_files": len(files),
    }


def _side(full_name: str, branch: str, sha: str, *, fork: bool = False) -> dict[str, Any]:
    owner = full_name.partition("/")[0]
    return {
        "label": f"{owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(owner, kind="User" if fork else "Organization"),
        "repo": _repository(full_name, fork=fork),
    }


def _repository(full_name: str, *, fork: bool = False) -> dict[str, Any]:
    """A repository, as in every event except a push."""
    shape = repository_shape(full_name, fork=fork)
    owner = user(full_name.partition("/")[0], kind="User" if fork else "Organization")
    times = dict.fromkeys(("created_at", "updated_at", "pushed_at"), _now())
    common = {name: value for name, value in shape.items() if name not in {"master_branch", "organization"}}
    return {**common, **times, "owner": owner, "url": f"{API}/repos/{full_name}"}


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
