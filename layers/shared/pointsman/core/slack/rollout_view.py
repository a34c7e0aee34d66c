"""A rollout as Slack shows it. `rollout_summary.py` and `target_summary.py` make these values."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from pointsman.core.change import Change
from pointsman.core.identity import principal_name
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.run_request import RunRequest

MAX_OUTSIDE_BUILDS = 3  # listed
STATUSES = ("ok", "changed", "failed", "unreachable")  # of a host, in the order of HostsByStatus
# The most urgent first: what failed, in the order in which it is listed, then what runs.
URGENCY = (
    RunState.FAILED,
    RunState.REFUSED,
    RunState.FAULTED,
    RunState.TIMED_OUT,
    RunState.STOPPED,
    RunState.RUNNING,
    RunState.STARTING,
    RunState.WAITING,
    RunState.CANCELLED,
    RunState.SUPERSEDED,
    RunState.SKIPPED,
    RunState.SUCCEEDED,
)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def is_failed(status: str) -> bool:
    """Whether a host or a task with this status failed."""
    return status in ("failed", "unreachable")


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
    missing: tuple[str, ...] = ()  # the first of the hosts whose results could not be sent
    unreported: bool = False  # the build ended, and Ansible did not report that it finished
    missing_total: int = 0
    incomplete: bool = False  # results of hosts that are not known by name are missing, too


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

    def __sub__(self, other: "HostsByStatus") -> "HostsByStatus":
        return HostsByStatus(
            self.ok - other.ok,
            self.changed - other.changed,
            self.failed - other.failed,
            self.unreachable - other.unreachable,
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
    failures: tuple[Failure, ...] = ()  # the first
    gaps: Gaps = Gaps()
    nothing_to_do: bool = False  # there were hosts, and none had a task to run
    failures_total: int = 0


@dataclass(frozen=True)
class TargetState:
    """The name of a target, and the state of its newest run."""

    name: str
    state: RunState


@dataclass(frozen=True)
class TargetsInState:
    """A number of targets in one state."""

    state: RunState
    number: int


@dataclass(frozen=True)
class WaitView:
    """What a rollout waits for. `round` and `wave` are those of a gate."""

    kind: WaitKind
    reason: str
    until: datetime | None = None  # at most
    round: int = 0
    wave: int = 0


@dataclass(frozen=True)
class HaltView:
    """Why a rollout halted."""

    kind: HaltKind
    reason: str
    round: int = 1
    not_started: int = 0  # targets


@dataclass(frozen=True)
class RolledBackTarget:
    """A target that goes back to an earlier commit."""

    target: str
    commit: str  # 7 characters


@dataclass(frozen=True)
class WavesView:
    """The waves of a rollout. `total` is 0 if it has none, or if none has started."""

    number: int = 0  # of the newest that started, from 1
    total: int = 0
    wait: WaitView | None = None
    halt: HaltView | None = None
    rolled_back: tuple[RolledBackTarget, ...] = ()  # the first
    rolled_back_total: int = 0


@dataclass(frozen=True)
class RolloutView:
    """One rollout: its change, its state and its targets, in the order in which they joined it.

    Of a large rollout only the most urgent targets are in `targets`; the others are counted in `unlisted`.
    """

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
    outside_builds: tuple[OutsideBuild, ...] = ()  # the first
    request: RunRequest | None = None  # why it runs, if no push or pull request asked for it
    outside_total: int = 0
    unlisted: tuple[TargetsInState, ...] = ()
    unlisted_hosts: HostsByStatus = HostsByStatus()
    named: tuple[TargetState, ...] = ()  # the most urgent targets, at least those that are listed
    waves: WavesView = WavesView()
    scope: str = ""  # equal for rollouts to the same set of targets; empty: not known

    @property
    def hosts(self) -> HostsByStatus:
        """The hosts of every target together."""
        return sum((target.hosts for target in self.targets), start=self.unlisted_hosts)

    @property
    def asked_by(self) -> str:
        """Who or what asked for it: a login of GitHub, the name of an IAM principal, or a service."""
        actor = self.request.actor if self.request else self.change.actor
        return principal_name(actor) if actor.startswith("arn:") else actor

    @property
    def by_state(self) -> Counter[RunState]:
        """The number of targets in each state."""
        counts = Counter(target.state for target in self.targets)
        for group in self.unlisted:
            counts[group.state] += group.number
        return counts

    @property
    def total(self) -> int:
        """Every target."""
        return len(self.targets) + sum(group.number for group in self.unlisted)

    @property
    def states(self) -> tuple[TargetState, ...]:
        """The most urgent targets with their states."""
        return self.named or tuple(TargetState(target.name, target.state) for target in self.targets)
