"""What a delivery asks the routes about: a push or a pull request, read and checked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pointsman.core.model import Change

FILES_KEPT = 100  # names that a change keeps,
NAMES_KEPT_CHARACTERS = 20_000  # and as many characters of them at most


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question to GitHub: which files differ from `base` to `head`? Of a rename, both names."""

    repository: str  # owner/name
    base: str | None  # a commit or a branch; None: nothing, so that every file of `head` differs
    head: str  # a commit
    # trees: the two as they are. fork: `head` against where it left `base`. commit: `head` against its first parent.
    kind: Literal["trees", "fork", "commit"]
    repository_id: int  # GitHub's number: a payload that is delivered again may have an old name


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """The names that are known to have changed, and what is not known.

    `names` certainly differ. `perhaps` were touched and may be as they were before. `gap` says why there may be others.
    `doubt` says why there could be others although nothing speaks for it: reason enough to ask GitHub, and no gap as
    long as GitHub was not asked. `unanswered` says why GitHub did not tell.
    """

    names: tuple[str, ...]
    perhaps: tuple[str, ...] = ()
    gap: str | None = None
    doubt: str | None = None
    without_answer: str | None = None

    @property
    def exact(self) -> bool:
        """Whether this is the difference itself."""
        return self.gap is None and not self.perhaps

    @property
    def kept(self) -> dict[str, object]:
        """What a change keeps of them: the first names, whole, as many as there is room for, and their number."""
        kept: list[str] = []
        room = NAMES_KEPT_CHARACTERS
        for name in (*self.names, *self.perhaps)[:FILES_KEPT]:
            room -= len(name)
            if room < 0:
                break
            kept.append(name)
        return {"files": tuple(kept), "files_total": len(self.names) if self.exact else None}


@dataclass(frozen=True, slots=True)
class RoutingInput:
    """What routes judge: a branch or tag that now points to a commit, or a pull request that moved."""

    event: Literal["push", "pull_request"]
    change: Change
    kind: Literal["branch", "tag", "pull request"]
    name: str  # "main"; of a pull request: the branch it goes to
    message: str  # the head commit's, whole; of a pull request: its title
    files: ChangedFiles
    comparison: Comparison  # how GitHub would be asked for the files
    pushed_at: datetime | None = None
    action: str = ""  # of a pull request: "opened"
    fork: str | None = None  # full name of the fork that a pull request comes from; "" where that is gone


@dataclass(frozen=True, slots=True)
class NothingToRun:
    """A delivery that leads nowhere, such as a deleted branch."""

    repository: str
    reason: str
