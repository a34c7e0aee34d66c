"""GitHub's pull_request payload as input for the routes.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from pointsman.core.change import Change, PullRequest
from pointsman.core.github.payload import (
    DISPLAY_ONLY,
    UNKNOWN_PERSON,
    BranchName,
    Number,
    OptionalText,
    Payload,
    PayloadRepository,
    Sender,
    Sha,
    account_login,
    link_below,
    moment,
    parse_payload,
)
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput
from pointsman.core.text import one_line

NO_FILES = "the payload of a pull request lists no files"
DELETED_ACCOUNT = "ghost"  # GitHub's own name for it


class _Base(Payload, frozen=True):
    ref: BranchName
    sha: Sha


class _Head(Payload, frozen=True):
    ref: BranchName
    sha: Sha
    repo: PayloadRepository | None = None  # null if the fork was deleted


class _PullRequest(Payload, frozen=True):
    number: Number
    base: _Base
    head: _Head
    title: OptionalText = None
    html_url: OptionalText = None
    user: Annotated[Sender | None, DISPLAY_ONLY] = None  # null if the account was deleted
    merged_by: Annotated[Sender | None, DISPLAY_ONLY] = None
    updated_at: Any = None


class _Event(Payload, frozen=True):
    action: Annotated[str, Meta(pattern=r"^[a-z_]{1,64}\Z")]
    pull_request: _PullRequest
    repository: PayloadRepository
    sender: Annotated[Sender | None, DISPLAY_ONLY] = None


def read_pull_request(payload: bytes | Mapping[str, Any], host: GithubHost = GITHUB_COM) -> RoutingInput:
    """The pull request in a payload (a body, or its parsed JSON). Raises Rejected: 400, or 403 for another host's."""
    event = parse_payload(_Event, payload)
    pull, repository = event.pull_request, event.repository
    return RoutingInput(
        event="pull_request",
        change=_change(event, repository.page_on(host)),
        kind="pull request",
        name=pull.base.ref,
        message=pull.title or "",
        files=ChangedFiles((), gap=NO_FILES),
        comparison=Comparison(repository.full_name, pull.base.sha, pull.head.sha, "fork", repository.id),
        action=event.action,
        pushed_at=moment(pull.updated_at),
        fork=_fork(event),
    )


def _fork(event: _Event) -> str | None:
    source = event.pull_request.head.repo
    if source is None:
        return ""
    return None if source.id == event.repository.id else source.full_name


def _change(event: _Event, repository_page: str) -> Change:
    pull = event.pull_request
    page = link_below(repository_page, pull.html_url) or f"{repository_page}/pull/{pull.number}"
    return Change(
        repository=event.repository.full_name,
        repository_id=event.repository.id,
        ref=f"refs/pull/{pull.number}/head",
        before=pull.base.sha,
        after=pull.head.sha,
        pull_request=PullRequest(
            number=pull.number,
            base=pull.base.ref,
            head=pull.head.ref,
            merged_by=account_login(pull.merged_by.login if pull.merged_by else None),
        ),
        actor=one_line(event.sender.login if event.sender else UNKNOWN_PERSON, 100),
        actor_id=event.sender.id if event.sender else None,
        author=one_line(pull.user.login if pull.user else DELETED_ACCOUNT, 100),
        author_login=account_login(pull.user.login if pull.user else None),
        title=one_line((pull.title or "").strip(), 200),
        url=page,
        compare_url=f"{page}/files",
    )
