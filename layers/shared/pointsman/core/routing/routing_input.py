"""The input to routing: a push or a pull request, whichever code host sent it."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from pointsman.core.change import Change

FILES_KEPT = 100
FILES_KEPT_CHARACTERS = 20_000


class Comparison(Struct, frozen=True):
    """Two versions of a repository, to look up which files differ between them. A rename counts with both names."""

    repository: str  # owner/name
    base: str | None  # a commit or a branch; None: an empty tree, so that every file of `head` differs
    head: str  # a commit
    # trees: the two versions as they are. fork: `head` with the point where it left `base`. commit: `head` with its
    # first parent.
    kind: Literal["trees", "fork", "commit"]
    repository_id: int  # the code host's: the name in a redelivered payload may be outdated


class ChangedFiles(Struct, frozen=True):
    """The files that changed, and how complete the list is.

    `names` certainly differ. `uncertain` were changed, and may be unchanged in the end. `gap` is the reason why other
    files may have changed too. `possible_gap` is the reason why that is possible although nothing suggests it: enough
    to look the files up, but not a gap if that cannot be done. `no_answer` is the reason why they were not looked up.
    """

    names: tuple[str, ...]
    uncertain: tuple[str, ...] = ()
    gap: str | None = None
    possible_gap: str | None = None
    no_answer: str | None = None

    @property
    def exact(self) -> bool:
        """Whether `names` is the complete and certain list."""
        return self.gap is None and not self.uncertain

    @property
    def kept(self) -> dict[str, Any]:
        """The fields of a Change: the first names that fit its limits, none of them cut, and the number of all."""
        kept: list[str] = []
        remaining = FILES_KEPT_CHARACTERS
        for name in (*self.names, *self.uncertain)[:FILES_KEPT]:
            remaining -= len(name)
            if remaining < 0:
                break
            kept.append(name)
        return {"files": tuple(kept), "files_total": len(self.names) if self.exact else None}


class RoutingInput(Struct, frozen=True):
    """A branch or tag that points to a new commit, or a pull request that was changed."""

    event: Literal["push", "pull_request"]
    change: Change
    kind: Literal["branch", "tag", "pull request"]
    name: str  # "main"; of a pull request: its base branch
    message: str  # the head commit's full message; of a pull request: its title
    files: ChangedFiles
    comparison: Comparison  # how to look up the files
    pushed_at: datetime | None = None
    action: str = ""  # of a pull request: "opened"
    fork: str | None = None  # full name of the fork that a pull request comes from; "" if it was deleted

    @property
    def repository(self) -> str:
        """owner/name."""
        return self.change.repository


class NothingToRun(Struct, frozen=True):
    """An event that no route is evaluated on, such as the deletion of a branch."""

    repository: str
    reason: str
