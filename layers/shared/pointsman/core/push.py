"""GitHub's push payload, read at the edge: what Pointsman needs of it, checked, and never more.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from pointsman.core.model import Change
from pointsman.core.text import one_line, whole
from pointsman.errors import Rejected

FILES_KEPT = 100  # names that a change keeps,
NAMES_KEPT_CHARACTERS = 20_000  # and as many characters of them at most
# What GitHub leaves out of a payload, it leaves out silently beyond these.
COMMITS_LISTED = 2_048
NAMES_LISTED = 3_000
_REF = re.compile(r"refs/(?P<kind>heads|tags)/(?P<name>.+)", re.DOTALL)
_MERGE = re.compile(r"Merge (pull request|branch|branches|remote-tracking branch|tag|commit)\b")

Text = Annotated[str, BeforeValidator(lambda value: whole(value) if isinstance(value, str) else value)]
Sha = Annotated[Text, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Url = Annotated[
    Text,
    Field(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=4_000),
    # A branch may be named `a|b` or `<a>`: the link stays one, and cannot end another's markup.
    AfterValidator(lambda url: re.sub('[<>|"`]', lambda found: f"%{ord(found.group()):02X}", url)),
]


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Person(_Payload):
    name: Text


class _Sender(_Payload):
    login: Text


class _Commit(_Payload):
    id: Sha
    message: Text
    url: Url
    author: _Person
    # GitHub may leave lists out of a very large payload; then the file list is incomplete, and the payload fine.
    added: tuple[Text, ...] | None = None
    removed: tuple[Text, ...] | None = None
    modified: tuple[Text, ...] | None = None


class _Repository(_Payload):
    id: Annotated[int, Field(ge=0, lt=2**63, strict=True)]
    full_name: Annotated[Text, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", max_length=200)]


class _Push(_Payload):
    ref: Annotated[Text, Field(pattern=r"^refs/[^\x00-\x1f\x7f]+$", max_length=1_000)]
    before: Sha
    after: Sha
    created: StrictBool
    deleted: StrictBool
    forced: StrictBool
    compare: Url
    commits: tuple[_Commit, ...]
    head_commit: _Commit | None
    repository: _Repository
    pusher: _Person
    sender: _Sender | None = None


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """The names that a push changed. `gap` says why they may not be all; None means that they are.

    Where there is a gap, every name listed was changed all the same.
    """

    names: tuple[str, ...]
    gap: str | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A push that leads somewhere: a branch or tag that now points to a commit."""

    change: Change
    kind: Literal["branch", "tag"]
    name: str  # "main"
    files: ChangedFiles


@dataclass(frozen=True, slots=True)
class NothingToRun:
    """A push that leads nowhere, such as a deleted branch."""

    repository: str
    reason: str


def read_push(payload: object) -> Push | NothingToRun:
    """The push that a payload (parsed JSON) tells of. Raises Rejected (400) naming every missing or invalid field."""
    try:
        push = _Push.model_validate(payload)
    except ValidationError as error:
        raise Rejected(400, _faults(error)) from error
    repository = push.repository.full_name
    if push.deleted or not push.after.strip("0"):
        return NothingToRun(repository, f"{one_line(push.ref, 200)} was deleted: nothing to run")
    found = _REF.fullmatch(push.ref)
    if not found:
        return NothingToRun(repository, f"{one_line(push.ref, 200)} is neither a branch nor a tag")
    if push.head_commit is None:
        return NothingToRun(repository, f"{one_line(push.ref, 200)} does not point to a commit: nothing to run")
    if found["kind"] == "tags":
        files = _files_of_tag(push.head_commit)
        return Push(_change(push, push.head_commit, files), "tag", found["name"], files)
    files = _files_of_branch(push)
    return Push(_change(push, push.head_commit, files), "branch", found["name"], files)


def _faults(error: ValidationError) -> str:
    """Every fault in one sentence. Fields are named, their values are not repeated."""
    faults: dict[str, dict[str, None]] = {"missing": {}, "invalid": {}}
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "missing":
            faults["missing"][name] = None
        else:
            faults["invalid"][f"{name} ({_lower(fault['msg'])})" if name else _lower(fault["msg"])] = None
    return "; ".join(f"{what}: {_some(list(names))}" for what, names in faults.items() if names)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _some(names: list[str], limit: int = 20) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _change(push: _Push, head: _Commit, files: ChangedFiles) -> Change:
    return Change(
        repository=push.repository.full_name,
        repository_id=push.repository.id,
        ref=push.ref,
        before=push.before,
        after=head.id,  # of an annotated tag `after` names the tag, which nothing can be built from
        created=push.created,
        forced=push.forced,
        actor=one_line(push.sender.login if push.sender else push.pusher.name, 100),
        author=one_line(head.author.name, 100),
        title=one_line((head.message.strip().splitlines() or [""])[0].strip(), 200),
        url=head.url,
        compare_url=push.compare,
        files=_kept(files.names),
        files_total=None if files.gap else len(files.names),
    )


def _kept(names: tuple[str, ...]) -> tuple[str, ...]:
    """The first names, whole: as many as there is room for."""
    kept: list[str] = []
    room = NAMES_KEPT_CHARACTERS
    for name in names[:FILES_KEPT]:
        room -= len(name)
        if room < 0:
            break
        kept.append(name)
    return tuple(kept)


def _files_of_branch(push: _Push) -> ChangedFiles:
    """The union of the commits' lists, and why it may be less than the difference `before..after`."""
    if push.forced:
        return ChangedFiles((), "after a forced push the commits do not tell how the two versions differ")
    names = tuple(dict.fromkeys(name for commit in push.commits for name in _names(commit)))
    return ChangedFiles(names, _gap_of_branch(push))


def _gap_of_branch(push: _Push) -> str | None:
    if push.created or not push.before.strip("0"):
        return "the branch is new, and the payload does not tell what it has that the default branch has not"
    if not push.commits:
        return "the payload lists no commit"
    if len(push.commits) >= COMMITS_LISTED:
        return f"a payload lists {COMMITS_LISTED:,} commits at most"
    if push.head_commit and push.head_commit.id not in {commit.id for commit in push.commits}:
        return "the payload does not list the newest commit"
    return next((gap for commit in push.commits if (gap := _gap_of_commit(commit))), None)


def _files_of_tag(head: _Commit) -> ChangedFiles:
    """A tag stands for its commit: the files are that commit's own."""
    return ChangedFiles(_names(head), _gap_of_commit(head))


def _gap_of_commit(commit: _Commit) -> str | None:
    short = commit.id[:7]
    if commit.added is None or commit.removed is None or commit.modified is None:
        return f"the payload lists no files for commit {short}"
    if len(_names(commit)) >= NAMES_LISTED:
        return f"a payload lists {NAMES_LISTED:,} files of a commit at most, and {short} has that many"
    if _MERGE.match(commit.message):
        return f"commit {short} is a merge, whose list may leave out files"
    return None


def _names(commit: _Commit) -> tuple[str, ...]:
    lists = (commit.added, commit.removed, commit.modified)
    return tuple(dict.fromkeys(name for names in lists for name in names or ()))
