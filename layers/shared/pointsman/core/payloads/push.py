"""GitHub's push payload as a subject for the routes.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

import re

from pydantic import StrictBool

from pointsman.core.model import Change
from pointsman.core.payloads.payload import Payload, Person, Ref, Repository, Sender, Sha, Url, checked
from pointsman.core.payloads.push_files import Commit, files_of_branch, files_of_commit
from pointsman.core.payloads.subject import ChangedFiles, Comparison, NothingToRun, Subject
from pointsman.core.text import one_line

_REF = re.compile(r"refs/(?P<kind>heads|tags)/(?P<name>.+)", re.DOTALL)


class _Push(Payload):
    ref: Ref
    before: Sha
    after: Sha
    created: StrictBool
    deleted: StrictBool
    forced: StrictBool
    compare: Url
    commits: tuple[Commit, ...]
    head_commit: Commit | None
    repository: Repository
    pusher: Person
    sender: Sender | None = None

    @property
    def is_new(self) -> bool:
        """Whether the ref was not there before."""
        return self.created or not self.before.strip("0")


def read_push(payload: object) -> Subject | NothingToRun:
    """The push that a payload (parsed JSON) tells of. Raises Rejected (400) naming every missing or invalid field."""
    push = checked(_Push, payload)
    repository = push.repository.full_name
    if push.deleted or not push.after.strip("0"):
        return NothingToRun(repository, f"{one_line(push.ref, 200)} was deleted: nothing to run")
    found = _REF.fullmatch(push.ref)
    if not found:
        return NothingToRun(repository, f"{one_line(push.ref, 200)} is neither a branch nor a tag")
    if push.head_commit is None:
        return NothingToRun(repository, f"{one_line(push.ref, 200)} does not point to a commit: nothing to run")
    if found["kind"] == "tags":
        files = files_of_commit(push.head_commit)
        comparison = Comparison(repository, None, push.head_commit.id, "commit", push.repository.id)
    else:
        files = files_of_branch(push.commits, push.head_commit.id, is_new=push.is_new, forced=push.forced)
        comparison = _of_branch(push, found["name"], push.head_commit.id)
    return Subject(
        event="push",
        change=_change(push, push.head_commit, files),
        kind="tag" if found["kind"] == "tags" else "branch",
        name=found["name"],
        message=push.head_commit.message,
        files=files,
        comparison=comparison,
        pushed_at=push.repository.pushed_at,
    )


def _of_branch(push: _Push, branch: str, head: str) -> Comparison:
    """Against where it stood; a new branch against where it left the default branch."""
    repository, default = push.repository.full_name, push.repository.default_branch
    if not push.is_new:
        return Comparison(repository, push.before, head, "trees", push.repository.id)
    # A new default branch has nothing to be compared with.
    base = None if default in (None, branch) else default
    return Comparison(repository, base, head, "fork", push.repository.id)


def _change(push: _Push, head: Commit, files: ChangedFiles) -> Change:
    return Change(
        repository=push.repository.full_name,
        repository_id=push.repository.id,
        ref=push.ref,
        before=push.before,
        after=head.id,  # of an annotated tag `after` names the tag, which nothing can be built from
        created=push.created,
        forced=push.forced,
        actor=one_line(push.sender.login if push.sender else push.pusher.name, 100),
        actor_id=push.sender.id if push.sender else None,
        author=one_line(head.author.name, 100),
        title=one_line((head.message.strip().splitlines() or [""])[0].strip(), 200),
        url=head.url,
        compare_url=push.compare,
        **files.kept,
    )
