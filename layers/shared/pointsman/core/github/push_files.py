"""The changed files of a push, as far as its list of commits determines them.

For each commit, a payload lists the names of the files that were added, removed and modified. Their union is not the
difference `before..after`, because a later commit may undo an earlier one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Literal

from pointsman.core.github.payload import DISPLAY_ONLY, OptionalText, Payload, Person, Sha
from pointsman.core.routing.routing_input import ChangedFiles

# Beyond these limits, GitHub leaves commits and names out of a payload without a sign of it.
# https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
COMMITS_LISTED = 2_048
NAMES_LISTED = 3_000
WEB_FLOW = "web-flow"  # committer of everything that is made with GitHub's own buttons
# A merge with a custom message looks like any other commit.
MAYBE_MERGE_AMONG_SEVERAL = "one of the commits may be a merge, whose file list can be incomplete"
MAYBE_MERGE = "the commit may be a merge, whose file list can be incomplete"
_MERGE = re.compile(r"Merge (pull request|branch|branches|remote-tracking branch|tag|commit)\b")

type FileAction = Literal["added", "removed", "modified"]
type Actions = Mapping[str, Sequence[FileAction]]  # on each file, in the order of the commits

Names = Annotated[list[str] | None, DISPLAY_ONLY]


class PushedCommit(Payload, frozen=True):
    """A commit in a push payload."""

    id: Sha
    message: OptionalText = None
    url: OptionalText = None
    author: Annotated[Person | None, DISPLAY_ONLY] = None
    committer: Annotated[Person | None, DISPLAY_ONLY] = None
    # GitHub may leave these lists out of a very large payload. The payload is still valid.
    added: Names = None
    removed: Names = None
    modified: Names = None

    @property
    def text(self) -> str:
        """The message, or an empty text."""
        return self.message or ""

    @property
    def names(self) -> Iterator[str]:
        """The name of each file: those that were added, then those removed, then those modified."""
        return chain(self.added or (), self.removed or (), self.modified or ())

    def file_actions(self) -> Iterator[tuple[str, FileAction]]:
        """Each file name with its action."""
        actions: tuple[FileAction, ...] = ("added", "removed", "modified")
        return ((name, action) for action in actions for name in getattr(self, action) or ())


def files_of_branch(commits: Sequence[PushedCommit], head: str, *, is_new: bool, forced: bool) -> ChangedFiles:
    """The changed files of a push to a branch, as far as its commits show. `head` is the newest commit."""
    if forced:
        return ChangedFiles((), gap="after a force push, the commits do not show how the two versions differ")
    names = _names(commits)
    repeated = _repeated(commits) if len(names) < sum(_number(commit) for commit in commits) else {}
    gap = _gap_of_branch(commits, head, is_new, has_repeated=bool(repeated))
    if gap is None and all(_is_linear(each) for each in repeated.values()):
        return _net_changes(names, repeated, possible_gap=MAYBE_MERGE_AMONG_SEVERAL if len(commits) > 1 else None)
    # Each of these files was changed by some commit, but it may be identical in the two versions that are compared.
    # Files in the list of a merge that GitHub made do differ from the branch that it was merged into.
    is_merge = not is_new and _ends_with_github_commit(commits) and _MERGE.match(commits[-1].text)
    certain = _names(commits[-1:]) if is_merge else {}
    uncertain = tuple(name for name in names if name not in certain)
    gap = gap or "the commits come from parallel histories that were merged"
    return ChangedFiles(tuple(certain), uncertain, gap)


def files_of_commit(commit: PushedCommit) -> ChangedFiles:
    """The changed files of a tag: those of the commit that it points to."""
    gap = _gap_of_commit(commit) or (_made_by_github(commit) if _is_by_github(commit) else None)
    return ChangedFiles(tuple(_names([commit])), gap=gap, possible_gap=None if gap else MAYBE_MERGE)


def _names(commits: Sequence[PushedCommit]) -> dict[str, None]:
    """Each name once, in the order of the commits."""
    return dict.fromkeys(chain.from_iterable(commit.names for commit in commits))


def _number(commit: PushedCommit) -> int:
    return len(commit.added or ()) + len(commit.removed or ()) + len(commit.modified or ())


def _repeated(commits: Sequence[PushedCommit]) -> Actions:
    """The actions on each file that has several."""
    actions: dict[str, list[FileAction]] = {}
    for commit in commits:
        for name, action in commit.file_actions():
            actions.setdefault(name, []).append(action)
    return {name: each for name, each in actions.items() if len(each) > 1}


def _is_linear(actions: Sequence[FileAction]) -> bool:
    """Whether the actions are possible in a row: only a missing file is added, only an existing one changed."""
    exists = actions[0] != "added"
    for action in actions:
        if exists is (action == "added"):
            return False
        exists = action != "removed"
    return True


def _net_changes(names: Mapping[str, None], repeated: Actions, possible_gap: str | None) -> ChangedFiles:
    """The files that differ after a linear row of commits, and those that may differ."""
    results = {name: _differs(each) for name, each in repeated.items()}
    return ChangedFiles(
        names=tuple(name for name in names if results.get(name, True)) if results else tuple(names),
        uncertain=tuple(name for name in names if results.get(name, True) is None) if results else (),
        possible_gap=possible_gap,
    )


def _differs(actions: Sequence[FileAction]) -> bool | None:
    """Whether a file differs after these actions; None if the actions do not show it."""
    existed, exists = actions[0] != "added", actions[-1] != "removed"
    if existed != exists:
        return True
    return None if existed else False


def _gap_of_branch(commits: Sequence[PushedCommit], head: str, is_new: bool, *, has_repeated: bool) -> str | None:
    if is_new:
        return "the branch is new, and the payload does not show how it differs from the default branch"
    if not commits:
        return "the payload lists no commits"
    if len(commits) >= COMMITS_LISTED:
        return f"a payload lists at most {COMMITS_LISTED:,} commits"
    if head not in {commit.id for commit in commits}:
        return "the payload does not list the newest commit"
    if _ends_with_github_commit(commits):
        return _made_by_github(commits[-1])
    return next((gap for commit in commits if (gap := _gap_of_commit(commit, may_repeat=has_repeated))), None)


def _ends_with_github_commit(commits: Sequence[PushedCommit]) -> bool:
    """Whether GitHub made the last of several commits: then it is a merge, or an edit of one file."""
    return len(commits) > 1 and _is_by_github(commits[-1])


def _is_by_github(commit: PushedCommit) -> bool:
    return bool(commit.committer and commit.committer.username == WEB_FLOW)


def _made_by_github(commit: PushedCommit) -> str:
    return f"commit {commit.id[:7]} was made by GitHub and may be a merge, whose file list can be incomplete"


def _gap_of_commit(commit: PushedCommit, *, may_repeat: bool = True) -> str | None:
    short = commit.id[:7]
    if commit.added is None or commit.removed is None or commit.modified is None:
        return f"the payload lists no files for commit {short}"
    if _number(commit) >= NAMES_LISTED:
        return f"a payload lists at most {NAMES_LISTED:,} files per commit, and commit {short} has that many"
    if may_repeat and len(set(commit.names)) < _number(commit):
        return f"commit {short} lists a file twice"  # for example a file that was replaced by a symbolic link
    if _MERGE.match(commit.text):
        return f"commit {short} is a merge, whose file list can be incomplete"
    return None
