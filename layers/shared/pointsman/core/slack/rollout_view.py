"""A rollout as Slack shows it. `fold_rollout.fold` makes these values from the trail's events."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pointsman.core.model import Change, Mode, RolloutState, RunState
from pointsman.core.run_request import RunRequest

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Failure:
    """What went wrong on one host. `task` is None when the host was unreachable or reported no task."""

    host: str
    status: str  # "failed" or "unreachable"
    task: str | None = None
    path: str | None = None
    message: str | None = None
    for_host: str | None = None  # inventory host for which the delegated task ran on `host`
    ran_on: str | None = None  # host on which the delegated task ran


@dataclass(frozen=True)
class Gaps:
    """What is missing from the host results of a run."""

    cut_off: tuple[str, ...] = ()  # the first of the hosts that the play did not reach before it ended
    cut_off_total: int = 0
    missing: tuple[str, ...] = ()  # hosts whose results could not be sent
    unreported: bool = False  # the build ended, and Ansible did not report that it finished


@dataclass(frozen=True)
class HostsByStatus:
    """The number of hosts in each status."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0

    @property
    def total(self) -> int:
        """Every host that reported a result."""
        return self.ok + self.changed + self.failed + self.unreachable

    def __add__(self, other: "HostsByStatus") -> "HostsByStatus":
        return HostsByStatus(
            self.ok + other.ok,
            self.changed + other.changed,
            self.failed + other.failed,
            self.unreachable + other.unreachable,
        )


@dataclass(frozen=True)
class OutsideBuild:
    """A build for this rollout that somebody started outside Pointsman. It changes hosts, but not the run's state."""

    target: str
    started_by: str
    hosts: HostsByStatus
    failures: tuple[Failure, ...] = ()
    log_url: str | None = None


@dataclass(frozen=True)
class TargetView:
    """The newest run on one target."""

    name: str
    state: RunState = RunState.STARTING
    attempt: int = 1
    blocked_by: str | None = None  # the rollout that holds the target, while this one waits
    reason: str = ""
    log_url: str | None = None
    duration_seconds: float | None = None
    hosts: HostsByStatus = HostsByStatus()
    failures: tuple[Failure, ...] = ()
    gaps: Gaps = Gaps()
    nothing_to_do: bool = False  # there were hosts, and none had a task to run


@dataclass(frozen=True)
class RolloutView:
    """One rollout: its change, its state and its targets, in the order in which they joined it."""

    rollout: str
    route: str
    mode: Mode
    change: Change
    state: RolloutState
    targets: tuple[TargetView, ...]
    duration_seconds: float | None = None
    repeat_reason: str | None = None  # why the last repetition started no second run
    command: str | None = None  # what a person last had done with it: "cancelled by Ops/hana: wrong branch"
    round: int = 1  # the newest that ended
    requested_at: datetime = LONG_AGO  # of the newest request that started a run
    outside_builds: tuple[OutsideBuild, ...] = ()
    request: RunRequest | None = None  # why it runs, if no push or pull request asked for it

    @property
    def hosts(self) -> HostsByStatus:
        """The hosts of every target together."""
        return sum((target.hosts for target in self.targets), start=HostsByStatus())
