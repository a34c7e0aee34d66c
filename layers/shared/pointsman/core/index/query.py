"""A question about the trail: the conditions that an entry must meet."""

from collections.abc import Collection
from datetime import datetime

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.outcomes import RUN_ENDED, STEP_TYPES, SUCCEEDED, is_quiet_entry
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
    def finds_runs_that_succeeded(self) -> bool:
        """Whether the answer has runs that succeeded: if they are asked for, or there is no other condition.

        Else the hosts of these runs say the same.
        """
        change = (self.person, self.author, self.repository, self.branch, self.file, self.route)
        place = (self.account, self.region, self.host, self.task)
        may_be_meant = (not self.types or RUN_ENDED in self.types) and (not self.outcomes or SUCCEEDED in self.outcomes)
        return may_be_meant and (self.is_about_runs_that_succeeded or not any((*change, *place)))

    @property
    def is_about_runs_that_succeeded(self) -> bool:
        """Whether runs that succeeded are asked for: by their type or their outcome."""
        if self.types and RUN_ENDED not in self.types:
            return False
        return SUCCEEDED in self.outcomes or (bool(self.types) and not self.outcomes)

    @property
    def needs_rollouts(self) -> bool:
        """Whether the rollouts themselves answer it: steps, which only they have, and runs by where they were."""
        by_place = self.account or self.region
        return bool(STEP_TYPES & {*self.types} or (by_place and self.is_about_runs_that_succeeded))

    @property
    def types_of_rollouts(self) -> tuple[str, ...]:
        """Those of its types that are read from the rollouts then."""
        types = tuple(each for each in self.types if each in STEP_TYPES or each == RUN_ENDED)
        return types if self.types else (RUN_ENDED,)

    @property
    def beside_rollouts(self) -> "IndexQuery | None":
        """The question for what else it asks then; None: nothing."""
        types = tuple(each for each in self.types if each not in self.types_of_rollouts)
        outcomes = tuple(each for each in self.outcomes if each != SUCCEEDED)
        if self.types:
            return self.replace(types=types) if types else None
        return self.replace(outcomes=outcomes) if outcomes else None

    def is_met_by(self, entry: IndexEntry) -> bool:
        """Whether an entry matches and belongs to the answer, apart from the conditions that `matches` leaves out."""
        return self.matches(entry) and (not is_quiet_entry(entry) or self.finds_runs_that_succeeded)

    def matches(self, entry: IndexEntry) -> bool:
        """Whether an entry meets the conditions, except those on time, authors, files, tasks and paths."""
        return (
            _same(self.rollout, entry.rollout)
            and _same_folded(self.person, entry.person)
            and _same_folded(self.repository, entry.repository)
            and _same(self.branch, entry.branch)
            and _same(self.route, entry.route)
            and (self.commit is None or (entry.commit or "").startswith(self.commit.lower()))
            and _same(self.account, entry.account)
            and _same(self.region, entry.region)
            and _same(self.host, entry.host)
            and (not self.outcomes or bool({*self.outcomes} & {*entry.outcomes}))
            and (not self.types or entry.type in self.types)
        )

    def may_be_about(self, types: Collection[str], outcomes: Collection[str]) -> bool:
        """Whether events of these types, which have these outcomes, may match."""
        return (not self.types or any(each in types for each in self.types)) and (
            not self.outcomes or any(each in outcomes for each in self.outcomes)
        )

    def may_be_of_rollout(self, activity: IndexEntry) -> bool:
        """Whether results of a rollout may match, by the entry that stands for them: its start may be unknown."""
        return (
            _same_folded(activity.repository and self.repository, activity.repository)
            and _same(activity.branch and self.branch, activity.branch)
            and _same(activity.route and self.route, activity.route)
        )


def _same(wanted: str | None, found: str | None) -> bool:
    return wanted is None or wanted == found


def _same_folded(wanted: str | None, found: str | None) -> bool:
    return wanted is None or wanted.lower() == (found or "").lower()
