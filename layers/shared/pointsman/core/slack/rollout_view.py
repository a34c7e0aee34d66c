"""A rollout as Slack shows it, in values. `fold_rollout.fold` makes them of the trail's events."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pointsman.core.model import Change, Mode, RolloutState, RunState

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Failure:
    """What went wrong on one host; `task` is None when the host could not be reached, or gave no task."""

    host: str
    status: str  # "failed" or "unreachable"
    task: str | None = None
    path: str | None = None
    message: str | None = None
    for_host: str | None = None  # inventory host for which the delegated task ran on `host`
    ran_on: str | None = None  # host on which the delegated task ran


@dataclass(frozen=True)
class Gaps:
    """What the hosts' results do not tell."""

    cut_off: tuple[str, ...] = ()  # hosts of a play that ended before it reached them; the first of them
    cut_off_total: int = 0
    missing: tuple[str, ...] = ()  # hosts whose results could not be sent
    unreported: bool = False  # a build ended, and Ansible did not report its end


@dataclass(frozen=True)
class OutsideBuild:
    """A build for this rollout that somebody started past the engine: it changes hosts, and not where the run is."""

    target: str
    started_by: str
    hosts: "Hosts"
    failures: tuple[Failure, ...] = ()
    log_url: str | None = None


@dataclass(frozen=True)
class Hosts:
    """How many hosts of a run are in each status."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0

    @property
    def total(self) -> int:
        """Every host that told its result."""
        return self.ok + self.changed + self.failed + self.unreachable

    def __add__(self, other: "Hosts") -> "Hosts":
        return Hosts(
            self.ok + other.ok,
            self.changed + other.changed,
            self.failed + other.failed,
            self.unreachable + other.unreachable,
        )


@dataclass(frozen=True)
class TargetView:
    """The newest run on one target."""

    name: str
    state: RunState = RunState.STARTING
    attempt: int = 1
    blocked_by: str | None = None  # rollout that holds the target, while this one waits
    reason: str = ""
    log_url: str | None = None
    duration_seconds: float | None = None
    hosts: Hosts = Hosts()
    failures: tuple[Failure, ...] = ()
    gaps: Gaps = Gaps()
    idle: bool = False  # hosts were met, and no task was to run on any


@dataclass(frozen=True)
class RolloutView:
    """One rollout: what it is, how it stands as a whole and on each target, those that joined later last."""

    rollout: str
    route: str
    mode: Mode
    change: Change
    state: RolloutState
    targets: tuple[TargetView, ...]
    duration_seconds: float | None = None
    repeated: str | None = None  # why the last repetition ran nothing twice
    round: int = 1  # the newest that ended
    requested_at: datetime = LONG_AGO  # when something was last asked for that ran
    outside: tuple[OutsideBuild, ...] = ()

    @property
    def hosts(self) -> Hosts:
        """The hosts of every target together."""
        return sum((target.hosts for target in self.targets), start=Hosts())
