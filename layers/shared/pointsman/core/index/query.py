"""A question about the trail: the conditions that an entry must meet."""

from datetime import datetime

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.outcomes import RUN_ENDED, STEP_TYPES
from pointsman.core.value import Value


class IndexQuery(Value, kw_only=True, frozen=True):
    """The conditions of a question. An entry must meet all that are set, between `since` and `until`."""

    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None  # a sort key: only what is older
    rollout: str | None = None
    person: str | None = None  # who pushed or sent a command: a GitHub login, or an ARN
    author: str | None = None  # GitHub login of who wrote, committed or co-authored a change
    repository: str | None = None
    commit: str | None = None  # or its first two or more digits
    branch: str | None = None
    file: str | None = None  # of the repository; needs `repository`
    route: str | None = None
    account: str | None = None  # its label
    region: str | None = None
    host: str | None = None  # name in the inventory
    task: str | None = None  # its name
    path: str | None = None  # of a file on a host; needs `host`
    outcomes: tuple[str, ...] = ()  # one of them
    types: tuple[str, ...] = ()  # one of them

    @property
    def is_about_runs_that_succeeded(self) -> bool:
        """Whether it may be answered by the end of a run that succeeded, which few partitions have."""
        return "succeeded" in self.outcomes or (RUN_ENDED in self.types and not self.outcomes)

    @property
    def needs_rollouts(self) -> bool:
        """Whether only the rollouts themselves have all that answers it: steps, and runs that succeeded of a person."""
        if STEP_TYPES & {*self.types}:
            return True
        found_by_run = self.rollout or self.account or self.region or self.commit or self.file or self.author
        found_by_change = self.person or self.route or self.repository
        is_of_runs = RUN_ENDED in self.types and self.is_about_runs_that_succeeded
        return bool(is_of_runs and found_by_change and not found_by_run)

    @property
    def types_of_rollouts(self) -> tuple[str, ...]:
        """Those of its types that only the rollouts themselves have all of. The index has every event of the others."""
        return tuple(each for each in self.types if each in STEP_TYPES or each == RUN_ENDED)

    def matches(self, entry: IndexEntry) -> bool:
        """Whether an entry meets the conditions, except those on time, authors, files, tasks and paths."""
        return (
            _same(self.rollout, entry.rollout)
            and _same_folded(self.person, entry.person)
            and _same_folded(self.repository, entry.repository)
            and (self.commit is None or (entry.commit or "").startswith(self.commit.lower()))
            and _same(self.branch, entry.branch)
            and _same(self.route, entry.route)
            and _same(self.account, entry.account)
            and _same(self.region, entry.region)
            and _same(self.host, entry.host)
            and (not self.outcomes or bool({*self.outcomes} & {*entry.outcomes}))
            and (not self.types or entry.type in self.types)
        )


def _same(wanted: str | None, found: str | None) -> bool:
    return wanted is None or wanted == found


def _same_folded(wanted: str | None, found: str | None) -> bool:
    return wanted is None or wanted.lower() == (found or "").lower()
