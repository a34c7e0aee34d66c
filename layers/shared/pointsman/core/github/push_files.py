"""What the commits of a push tell of the files that differ, and how far that can be trusted.

A payload lists, for each commit, the names that it added, removed and modified. Their union is not the difference
`before..after`: what one commit changes a later one may take back.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pointsman.core.github.payload import Lenient, Payload, Person, Sha, ShownText, ShownUrl, Text
from pointsman.core.routing.routing_input import ChangedFiles

# What GitHub leaves out of a payload, it leaves out silently beyond these.
# https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
COMMITS_LISTED = 2_048
NAMES_LISTED = 3_000
WEB_FLOW = "web-flow"  # who commits what GitHub's own buttons make
# A merge under its own words looks like any other commit.
AMONG_SEVERAL = "one of its commits may be a merge, whose list may leave out files"
ITSELF = "its commit may be a merge, whose list may leave out files"
_MERGE = re.compile(r"Merge (pull request|branch|branches|remote-tracking branch|tag|commit)\b")

type Touch = Literal["added", "removed", "modified"]


class Commit(Payload):
    """A commit as a push tells it."""

    id: Sha
    message: ShownText = None
    url: ShownUrl = None
    author: Annotated[Person | None, Lenient] = None
    committer: Annotated[Person | None, Lenient] = None
    # GitHub may leave lists out of a very large payload; then the file list is incomplete, and the payload fine.
    added: Annotated[tuple[Text, ...] | None, Lenient] = None
    removed: Annotated[tuple[Text, ...] | None, Lenient] = None
    modified: Annotated[tuple[Text, ...] | None, Lenient] = None

    @property
    def text(self) -> str:
        """The message; empty where there is none."""
        return self.message or ""

    def touches(self) -> Iterable[tuple[str, Touch]]:
        """Each name with what was done to it."""
        kinds: tuple[Touch, ...] = ("added", "removed", "modified")
        return ((name, kind) for kind in kinds for name in getattr(self, kind) or ())


def files_of_branch(commits: Sequence[Commit], head: str, *, is_new: bool, forced: bool) -> ChangedFiles:
    """The files of a branch's push, as far as its commits tell. `head` is the newest commit."""
    if forced:
        return ChangedFiles((), gap="after a forced push the commits do not tell how the two versions differ")
    touches = _touches(commits)
    gap = _gap_of_branch(commits, head, is_new)
    if gap is None and all(_is_one_line(each) for each in touches.values()):
        return _folded(touches, doubt=AMONG_SEVERAL if len(commits) > 1 else None)
    # Each was changed by someone; whether it differs from what it is compared with, nobody can tell from here. What
    # GitHub's own merge lists differs from the branch that it went to.
    is_merge = not is_new and _is_githubs(commits) and _MERGE.match(commits[-1].text)
    sure = _touches(commits[-1:]) if is_merge else {}
    perhaps = tuple(name for name in touches if name not in sure)
    gap = gap or "its commits are of histories beside each other, which were merged"
    return ChangedFiles(tuple(sure), perhaps, gap)


def files_of_commit(commit: Commit) -> ChangedFiles:
    """A tag stands for its commit: the files are that commit's own."""
    gap = _gap_of_commit(commit) or (_made_by_github(commit) if _is_by_github(commit) else None)
    return ChangedFiles(tuple(_touches([commit])), gap=gap, doubt=None if gap else ITSELF)


def _touches(commits: Sequence[Commit]) -> dict[str, list[Touch]]:
    """What was done to each name, in this order."""
    touches: dict[str, list[Touch]] = {}
    for commit in commits:
        for name, touch in commit.touches():
            touches.setdefault(name, []).append(touch)
    return touches


def _is_one_line(touches: list[Touch]) -> bool:
    """Whether these can have been done to a file one after the other: what is there is not added, what is not, is."""
    is_there = touches[0] != "added"
    for touch in touches:
        if is_there is (touch == "added"):
            return False
        is_there = touch != "removed"
    return True


def _folded(touches: Mapping[str, list[Touch]], doubt: str | None) -> ChangedFiles:
    """What a row of commits comes to: what was there before and after differs, what was neither does not."""
    results = {name: _differs(each) for name, each in touches.items()}
    return ChangedFiles(
        names=tuple(name for name, differs in results.items() if differs),
        perhaps=tuple(name for name, differs in results.items() if differs is None),
        doubt=doubt,
    )


def _differs(touches: list[Touch]) -> bool | None:
    """Whether a file that was touched so, in this order, differs in the end; None where that cannot be told."""
    was_there, is_there = touches[0] != "added", touches[-1] != "removed"
    if was_there != is_there or len(touches) == 1:
        return True
    return None if was_there else False


def _gap_of_branch(commits: Sequence[Commit], head: str, is_new: bool) -> str | None:
    if is_new:
        return "the branch is new, and the payload does not tell what it has that the default branch has not"
    if not commits:
        return "the payload lists no commit"
    if len(commits) >= COMMITS_LISTED:
        return f"a payload lists {COMMITS_LISTED:,} commits at most"
    if head not in {commit.id for commit in commits}:
        return "the payload does not list the newest commit"
    if _is_githubs(commits):
        return _made_by_github(commits[-1])
    return next((gap for commit in commits if (gap := _gap_of_commit(commit))), None)


def _is_githubs(commits: Sequence[Commit]) -> bool:
    """Whether the last of several commits was made by a button of GitHub's: then it is a merge, or edits a file."""
    return len(commits) > 1 and _is_by_github(commits[-1])


def _is_by_github(commit: Commit) -> bool:
    return bool(commit.committer and commit.committer.username == WEB_FLOW)


def _made_by_github(commit: Commit) -> str:
    return f"commit {commit.id[:7]} was made by GitHub and may be a merge, whose list may leave out files"


def _gap_of_commit(commit: Commit) -> str | None:
    short = commit.id[:7]
    if commit.added is None or commit.removed is None or commit.modified is None:
        return f"the payload lists no files for commit {short}"
    names = [name for name, _ in commit.touches()]
    if len(names) >= NAMES_LISTED:
        return f"a payload lists {NAMES_LISTED:,} files of a commit at most, and {short} has that many"
    if len(set(names)) < len(names):
        return f"commit {short} lists a file twice"  # as a file that became a link may be
    if _MERGE.match(commit.text):
        return f"commit {short} is a merge, whose list may leave out files"
    return None
