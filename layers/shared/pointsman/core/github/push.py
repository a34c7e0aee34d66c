"""GitHub's push payload as input for the routes.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pointsman.core.change import Change
from pointsman.core.git_ref import read_ref
from pointsman.core.github.payload import (
    DISPLAY_ONLY,
    UNKNOWN_PERSON,
    OptionalText,
    Payload,
    PayloadRepository,
    Person,
    RefName,
    Sender,
    Sha,
    link_below,
    moment,
    parse_payload,
)
from pointsman.core.github.push_authors import authors_of, co_authors_of, merged_pull_request
from pointsman.core.github.push_files import PushedCommit, files_of_branch, files_of_commit
from pointsman.core.github_host import GITHUB_COM, GithubHost
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, NothingToRun, RoutingInput
from pointsman.core.text import one_line


class _Push(Payload, frozen=True):
    ref: RefName
    before: Sha
    after: Sha
    created: bool
    deleted: bool
    forced: bool
    commits: list[PushedCommit]
    repository: PayloadRepository
    head_commit: PushedCommit | None = None
    pusher: Annotated[Person | None, DISPLAY_ONLY] = None
    sender: Annotated[Sender | None, DISPLAY_ONLY] = None
    compare: OptionalText = None

    @property
    def is_new(self) -> bool:
        """Whether the push created the ref."""
        return self.created or not self.before.strip("0")

    @property
    def actor(self) -> str:
        """The login of the person who pushed."""
        if self.sender:
            return self.sender.login
        return self.pusher.display_name if self.pusher else UNKNOWN_PERSON

    @property
    def tip(self) -> PushedCommit:
        """The commit that the branch now points to, with all details that the payload has."""
        listed = next((each for each in self.commits if each.id == self.after), None)
        return self.head_commit or listed or PushedCommit(id=self.after)


def read_push(payload: bytes | Mapping[str, Any], host: GithubHost = GITHUB_COM) -> RoutingInput | NothingToRun:
    """The push in a payload (a body, or its parsed JSON). Raises Rejected: 400, or 403 for another host's."""
    push = parse_payload(_Push, payload)
    page = push.repository.page_on(host)
    repository = push.repository.full_name
    if push.deleted or not push.after.strip("0"):
        return NothingToRun(repository, f"{one_line(push.ref, 200)} was deleted: nothing to run")
    ref = read_ref(push.ref)
    if ref.kind not in ("branch", "tag"):
        return NothingToRun(repository, f"{one_line(push.ref, 200)} is neither a branch nor a tag")
    # A tag may point to something that is not a commit. A branch always points to one, even if GitHub omits it.
    if ref.kind == "tag" and push.head_commit is None:
        return NothingToRun(repository, f"{one_line(push.ref, 200)} does not point to a commit: nothing to run")
    tip = push.tip
    if ref.kind == "tag":
        files = files_of_commit(tip)
        comparison = Comparison(repository, None, tip.id, "commit", push.repository.id)
    else:
        files = _files_of_branch(push, tip.id)
        comparison = _comparison_of_branch(push, ref.name, tip.id)
    return RoutingInput(
        event="push",
        change=_change(push, tip, files, page),
        kind="tag" if ref.kind == "tag" else "branch",
        name=ref.name,
        message=tip.text,
        files=files,
        comparison=comparison,
        pushed_at=moment(push.repository.pushed_at),
    )


def _files_of_branch(push: _Push, head: str) -> ChangedFiles:
    if push.head_commit is None:
        return ChangedFiles((), gap=f"the payload does not describe commit {head[:7]}, the head of the branch")
    return files_of_branch(push.commits, head, is_new=push.is_new, forced=push.forced)


def _comparison_of_branch(push: _Push, branch: str, head: str) -> Comparison:
    """Compare a branch with its previous commit, and a new branch with the point where it left the default branch."""
    repository, default = push.repository.full_name, push.repository.default_branch
    if not push.is_new:
        return Comparison(repository, push.before, head, "trees", push.repository.id)
    # There is nothing to compare a new default branch with.
    base = None if default in (None, branch) else default
    return Comparison(repository, base, head, "fork", push.repository.id)


def _change(push: _Push, head: PushedCommit, files: ChangedFiles, page: str) -> Change:
    authors = authors_of(push.commits, head, pusher=None if push.sender else push.actor)
    return Change(
        repository=push.repository.full_name,
        repository_id=push.repository.id,
        ref=push.ref,
        before=push.before,
        after=head.id,  # for an annotated tag, `after` is the id of the tag object, which cannot be checked out
        created=push.created,
        forced=push.forced,
        actor=one_line(push.actor, 100),
        actor_id=push.sender.id if push.sender else None,
        author=one_line(head.author.display_name if head.author else UNKNOWN_PERSON, 100),
        author_login=head.author.login if head.author else None,
        committer=one_line(head.committer.display_name, 100) if head.committer else None,
        committer_login=head.committer.login if head.committer else None,
        co_authors=co_authors_of(push.commits, head),
        merges=merged_pull_request(head),
        authors=authors.logins,
        unknown_authors=authors.unknown,
        title=one_line((head.text.strip().splitlines() or [""])[0].strip(), 200),
        url=link_below(page, head.url) or f"{page}/commit/{head.id}",
        compare_url=link_below(page, push.compare) or _compare_url(push, head.id, page),
        **files.kept,
    )


def _compare_url(push: _Push, head: str, page: str) -> str:
    return f"{page}/commit/{head}" if push.is_new else f"{page}/compare/{push.before[:12]}...{head[:12]}"
