"""A report: figures, and the list behind each of them. docs/reports.md defines them."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from pointsman.core.value import Value


class RolloutKind(StrEnum):
    """What asked for a rollout."""

    PUSH = "push"
    BY_HAND = "by hand"
    ROLLBACK = "rollback"
    INSTANCE = "new instance"
    PULL_REQUEST = "pull request"
    DRIFT = "drift check"
    CHECK = "check"


class Result(StrEnum):
    """What a rollout or a run came to, as charts show it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # or rolled back, also if it succeeded later
    OTHER = "other"  # superseded, cancelled or skipped: nothing went wrong


class TargetRow(Value, kw_only=True, frozen=True):
    """A target of a rollout, with its newest run."""

    target: str
    state: str
    log_url: str | None = None


class ChangeRow(Value, kw_only=True, frozen=True):
    """A rollout. `at`: when it ended; of one that has not ended: when it started."""

    at: datetime
    started_at: datetime
    pushed_at: datetime
    person: str
    kind: RolloutKind
    repository: str
    commit: str
    title: str = ""
    url: str | None = None  # of the commit or the pull request
    route: str
    rollout: str
    targets: tuple[TargetRow, ...] = ()  # the first of them
    targets_total: int = 0
    hosts: int = 0
    hosts_changed: int = 0  # in a check: those that would change
    hosts_failed: int = 0
    state: str
    result: Result
    reason: str = ""
    minutes: int = 0  # of builds that ended in this time
    approved_by: tuple[str, ...] = ()
    is_deployment: bool = False
    lead_seconds: float | None = None  # from push to success

    @property
    def failed(self) -> bool:
        """Whether it failed or was rolled back in this time."""
        return self.result is Result.FAILED


class RunRow(Value, kw_only=True, frozen=True):
    """A run that ended."""

    at: datetime
    person: str
    kind: RolloutKind
    repository: str
    commit: str
    url: str | None = None
    route: str
    rollout: str
    target: str
    attempt: int
    state: str
    result: Result
    reason: str
    minutes: int
    environment_type: str | None = None  # "LINUX_CONTAINER"
    compute_type: str | None = None  # "BUILD_GENERAL1_SMALL"
    dollars_a_minute: float | None = None  # None: not known
    log_url: str | None = None
    hosts_changed: int = 0
    hosts_failed: int = 0

    @property
    def dollars(self) -> float | None:
        """What its build cost; None: the price is not known."""
        return None if self.dollars_a_minute is None else self.minutes * self.dollars_a_minute


class EventRow(Value, kw_only=True, frozen=True):
    """Another event."""

    at: datetime
    person: str
    type: str
    outcomes: tuple[str, ...]
    detail: str
    repository: str | None = None
    commit: str | None = None
    url: str | None = None
    route: str | None = None
    rollout: str | None = None
    target: str | None = None
    host: str | None = None


class RestoreRow(Value, kw_only=True, frozen=True):
    """A deployment that failed, and what restored its route."""

    failed_at: datetime
    failed: ChangeRow
    restored_at: datetime | None = None  # None: not in this time
    restored_by: ChangeRow | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.restored_at - self.failed_at).total_seconds() if self.restored_at else None


class Listing[Row](Value, kw_only=True, frozen=True):
    """The list behind a figure, newest first. A page has the first of many."""

    total: int = 0
    rows: tuple[Row, ...] = ()

    @property
    def omitted(self) -> int:
        """How many have no room."""
        return self.total - len(self.rows)


class Reference(Value, kw_only=True, frozen=True):
    """A rollout in a list of rollouts."""

    rollout: str
    commit: str


class ResultTally(Value, kw_only=True, frozen=True):
    """The results of the changes of a day or a person, or of the runs of a region or a target."""

    name: str
    succeeded: int = 0
    failed: int = 0
    other: int = 0
    minutes: int = 0
    dollars: float = 0.0  # of runs whose price is known
    unpriced_minutes: int = 0  # of the other runs
    behind: Listing[Reference] = Listing[Reference]()

    @property
    def total(self) -> int:
        """All together."""
        return self.succeeded + self.failed + self.other


class BuildCost(Value, kw_only=True, frozen=True):
    """What the builds of a compute type cost."""

    environment_type: str | None  # None: not recorded
    compute_type: str | None
    builds: int
    minutes: int
    dollars_a_minute: float | None  # None: not known

    @property
    def dollars(self) -> float | None:
        """What they cost together; None: the price is not known."""
        return None if self.dollars_a_minute is None else self.minutes * self.dollars_a_minute


class BarUnit(StrEnum):
    """What a bar of the chart over time stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class PeriodTally(ResultTally, kw_only=True, frozen=True):
    """The changes that ended on a day, or in a week or month."""

    first: date


class Durations(Value, kw_only=True, frozen=True):
    """How long something took: `number` times. Half of them took `median` or less, 90 % took `p90` or less."""

    number: int = 0
    median: float | None = None
    p90: float | None = None


class Dora(Value, kw_only=True, frozen=True):
    """The four figures of DORA. https://dora.dev/guides/dora-metrics-four-keys/"""

    days: int
    deployments: Listing[ChangeRow]
    deployments_a_day: float | None
    days_with_deployments: int
    lead_time: Durations
    lead_times: Listing[ChangeRow]
    failed: Listing[ChangeRow]
    failure_rate: float | None
    restore_time: Durations
    restores: Listing[RestoreRow]
    not_restored: int


class AuditReport(Value, kw_only=True, frozen=True):
    """What happened in a time."""

    since: datetime
    until: datetime
    made_at: datetime
    month: str | None
    deliveries: Listing[EventRow]  # pushes and pull requests
    deliveries_without_run: int
    changes: Listing[ChangeRow]
    hosts_changed: int  # each once for every change that changed it
    unfinished: Listing[ChangeRow]
    failures: Listing[ChangeRow]
    failed_runs: Listing[RunRow]
    approvals: Listing[EventRow]
    overrides: Listing[EventRow]
    rollbacks: Listing[EventRow]
    commands: Listing[EventRow]
    drift: Listing[EventRow]
    drifting_hosts: int  # that began to drift
    still_drifting: int  # of them, at the end of the time
    instances: Listing[EventRow]
    checks: Listing[ChangeRow]
    notes: Listing[EventRow]  # about the trail itself
    runs: Listing[RunRow]
    minutes: int
    costs: tuple[BuildCost, ...]  # of each compute type
    dora: Dora
    unit: BarUnit
    periods: tuple[PeriodTally, ...]
    people: tuple[ResultTally, ...]
    regions: tuple[ResultTally, ...]
    targets: tuple[ResultTally, ...]
    events: Mapping[str, int]  # how many of each type the lists are made of

    @property
    def dollars(self) -> float:
        """What the builds cost whose price is known."""
        return sum(each.dollars or 0 for each in self.costs)

    @property
    def unpriced_minutes(self) -> int:
        """The minutes of builds whose price is not known."""
        return sum(each.minutes for each in self.costs if each.dollars is None)

    @property
    def is_complete(self) -> bool:
        """Whether the time was over when the report was made."""
        return self.made_at >= self.until
