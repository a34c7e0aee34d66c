"""GitHub's pull_request payload as a subject for the routes.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from typing import Annotated

from pydantic import Field

from pointsman.core.github.payload import (
    NOBODY,
    Branch,
    Lenient,
    Moment,
    Number,
    Payload,
    Repository,
    Sender,
    Sha,
    ShownText,
    ShownUrl,
    Text,
    checked,
)
from pointsman.core.model import Change, PullRequest
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput
from pointsman.core.text import one_line

NO_FILES = "a pull request's payload lists no files"


class _Base(Payload):
    ref: Branch
    sha: Sha


class _Head(Payload):
    ref: Branch
    sha: Sha
    repo: Repository | None = None  # null where the fork is gone


class _PullRequest(Payload):
    number: Number
    title: ShownText = None
    html_url: ShownUrl = None
    user: Annotated[Sender | None, Lenient] = None  # null where the account is gone
    base: _Base
    head: _Head
    updated_at: Moment = None


class _Event(Payload):
    action: Annotated[Text, Field(pattern=r"^[a-z_]{1,64}$")]
    pull_request: _PullRequest
    repository: Repository
    sender: Annotated[Sender | None, Lenient] = None


def read_pull_request(payload: object) -> RoutingInput:
    """The pull request that a payload (parsed JSON) tells of. Raises Rejected (400) naming each wrong field."""
    event = checked(_Event, payload)
    asked = event.pull_request
    return RoutingInput(
        event="pull_request",
        change=_change(event),
        kind="pull request",
        name=asked.base.ref,
        message=asked.title or "",
        files=ChangedFiles((), gap=NO_FILES),
        comparison=Comparison(event.repository.full_name, asked.base.sha, asked.head.sha, "fork", event.repository.id),
        action=event.action,
        pushed_at=asked.updated_at,
        fork=_fork(event),
    )


def _fork(event: _Event) -> str | None:
    source = event.pull_request.head.repo
    if source is None:
        return ""
    return None if source.id == event.repository.id else source.full_name


def _change(event: _Event) -> Change:
    asked = event.pull_request
    page = asked.html_url or f"{event.repository.page}/pull/{asked.number}"
    return Change(
        repository=event.repository.full_name,
        repository_id=event.repository.id,
        ref=f"refs/pull/{asked.number}/head",
        before=asked.base.sha,
        after=asked.head.sha,
        pull_request=PullRequest(number=asked.number, base=asked.base.ref, head=asked.head.ref),
        actor=one_line(event.sender.login if event.sender else NOBODY, 100),
        actor_id=event.sender.id if event.sender else None,
        author=one_line(asked.user.login if asked.user else "ghost", 100),  # as GitHub itself names who is gone
        title=one_line((asked.title or "").strip(), 200),
        url=page,
        compare_url=f"{page}/files",
    )
