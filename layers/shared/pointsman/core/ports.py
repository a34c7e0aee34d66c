"""What the engine needs from outside. Each port has an adapter for AWS and a twin in memory."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from pointsman.core.delivery import Delivery
from pointsman.core.drift import TargetDrift
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, RunState, Target, TargetQueue
from pointsman.core.route_state import Freezes, RouteState
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import TrailEvent
from pointsman.core.value import Value
from pointsman.errors import Unreadable


class Queue(Protocol):
    """The queue from webhook_receiver to start_build."""

    def send(self, delivery: Delivery) -> None:
        """Send `delivery`, in order with the others of its repository and ref. Raises Unavailable."""


class ReconcileRequests(Protocol):
    """The same queue, for commands: start_build brings a rollout forward at once, not with the next sweep."""

    def request(self, rollout_id: RolloutId) -> None:
        """Ask start_build to bring a rollout forward. Raises Unavailable."""


class DeadLetters(Protocol):
    """The dead-letter queue of the changes queue, for messages that can't be read."""

    def put(self, body: str, message_id: str, group_id: str, reason: str) -> None:
        """Keep a message unchanged, with the reason. Twice is once. Raises Unavailable."""


class Trail(Protocol):
    """The audit table."""

    def record(self, event: Event) -> bool:
        """Add `event`; False when the trail already has it. Raises Unavailable."""

    def of_partition(self, partition: str) -> list[TrailEvent]:
        """The events of a partition, by time. Types of a newer version are left out."""

    def with_key(self, partition: str, beginning: str) -> list[TrailEvent]:
        """The events of a partition whose keys begin with `beginning`, by time."""


class Turn(Value, kw_only=True, frozen=True):
    """A target that waits for its turn, in a wave with `max_parallel`.

    Turns say in which order targets start, so that nobody has to read all of them. What runs is in the runs alone.
    """

    rollout: RolloutId
    number: int  # of the list, as in Rollout.turns_listed
    position: int  # of the target in the rollout: the first goes first
    target: Target
    attempt: int = 1

    @property
    def key(self) -> RunKey:
        """The key of the run that it is for."""
        return self.target.name, self.attempt


class Transition(Value, kw_only=True, frozen=True):
    """Records to store together with their events: all or nothing.

    A record's `version` is the one that was read (0: new). The write adds 1, and fails if another writer was faster.
    """

    rollout: Rollout | None = None
    runs: tuple[Run, ...] = ()
    queues: tuple[TargetQueue, ...] = ()
    route: RouteState | None = None
    freezes: Freezes | None = None
    has_new_targets: bool = False  # an existing rollout got other targets
    drifts: tuple[TargetDrift, ...] = ()
    turns_taken: tuple[Turn, ...] = ()  # that are over, whether they are still stored or not
    events: tuple[TrailEvent, ...] = ()


class Surroundings(Value, kw_only=True, frozen=True):
    """What is stored around rollouts: the queues of their targets, the other rollouts of their routes, and freezes."""

    queues: dict[str, TargetQueue] = msgspec.field(default_factory=dict)  # by name
    routes: dict[str, RouteState] = msgspec.field(default_factory=dict)  # by identity.route_key
    freezes: Freezes = Freezes()


type Loaded = tuple[Rollout, tuple[Run, ...]]
"""A rollout and its runs, every attempt."""


class RunOfBuild(Value, kw_only=True, frozen=True):
    """A run, and what its end may change."""

    rollout: Rollout  # with this target alone
    run: Run
    queue: TargetQueue
    turns: tuple[Turn, ...] = ()  # the first of the rollout


class RolloutStore(Protocol):
    """The rollouts table: present state."""

    def load(self, rollout_id: RolloutId) -> Loaded | None:
        """A rollout and its runs (every attempt), or None if it does not exist. Raises Unreadable."""

    def load_run(self, rollout_id: RolloutId, key: RunKey) -> tuple[Rollout, Run] | None:
        """One run, and its rollout with this target alone; None if either does not exist. Raises Unreadable.

        It costs the same for every number of targets.
        """

    def load_run_of_build(self, rollout_id: RolloutId, key: RunKey, turns: int) -> RunOfBuild | None:
        """One run as by `load_run`, with its queue and the first turns of its rollout, at most so many."""

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        """Store the turns of a rollout instead of those that are stored; not in one transaction. Raises Unavailable."""

    def has_open_runs(self, rollout_id: RolloutId) -> bool:
        """Whether a stored run of the rollout has not ended. It costs the same for every number of targets."""

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        """Queues by name. One that is not stored is empty, with version 0."""

    def surroundings(self, queues: Iterable[str], routes: Iterable[str]) -> Surroundings:
        """Queues by name, routes by key, and the freezes. What is not stored is empty, with version 0."""

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        """The versions of a rollout and of the freezes; 0 if there is none. Raises Unavailable."""

    def routes_named(self, route: str) -> list[RouteState]:
        """The rollouts of a route, for each repository that it serves."""

    def commit(self, transition: Transition) -> None:
        """Store a transition in one transaction. Raises Conflict if any record has changed, or Unavailable."""

    def open_rollouts(self) -> list[RolloutId]:
        """The ids of the rollouts that have not ended, in order."""

    def queues_with_new_instances(self) -> list[str]:
        """The names of the queues in which new instances wait, in order."""

    def sweep_cursor(self) -> RolloutId | None:
        """The last rollout of an unfinished sweep; None if the last sweep finished."""

    def keep_sweep_cursor(self, rollout_id: RolloutId | None) -> None:
        """Save the last rollout of an unfinished sweep; None if it finished."""


class DriftStore(RolloutStore, Protocol):
    """The rollouts table, with what is known of drift."""

    def drifts(self) -> list[TargetDrift]:
        """What is known of drift, by target and route. Records that a newer version wrote are left out."""


def load_readable(store: RolloutStore, rollout_id: RolloutId) -> Loaded | None:
    """A rollout and its runs; None if it does not exist, or another version wrote it."""
    try:
        return store.load(rollout_id)
    except Unreadable:
        return None


class FoundInstance(Value, kw_only=True, frozen=True):
    """An EC2 instance, as EC2 describes it."""

    id: str
    state: str  # as EC2 calls it: "running"
    is_managed: bool  # it has the tag pointsman:managed=true
    launched_at: datetime
    name: str = ""  # its tag Name


class Instances(Protocol):
    """EC2, in every account and region."""

    def find(self, account_id: str, region: str, instance_id: str) -> FoundInstance | None:
        """Find an instance; None if there is none. Raises Unavailable or Misconfigured."""


class BuildUsage(Value, kw_only=True, frozen=True):
    """What CodeBuild charges a build by. None: CodeBuild did not say it, or the build has not ended."""

    build_seconds: int | None = None  # of all its phases
    compute_type: str | None = None  # "BUILD_GENERAL1_SMALL"
    environment_type: str | None = None  # "LINUX_CONTAINER"


class BuildReport(Value, kw_only=True, frozen=True):
    """The state of a build, as CodeBuild reports it."""

    arn: str
    state: RunState  # RUNNING or a final state
    reason: str = ""
    log_url: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    started_outside: bool = False  # by someone other than the engine
    usage: BuildUsage = BuildUsage()


class BuildMissing(Value, kw_only=True, frozen=True):
    """CodeBuild's answer did not include a build that was asked for."""

    arn: str
    at: datetime


class Builds(Protocol):
    """CodeBuild, in every account and region.

    Each call raises Unavailable if its effect is unknown. It raises BuildDelayed if CodeBuild did nothing and a retry
    may succeed, and BuildRefused if it did nothing and never will.
    """

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """Start the build of `run`. Within 5 minutes of the first call it returns the same build."""

    def stop(self, target: Target, arn: str) -> None:
        """Ask CodeBuild to stop a build; its end is reported like any other. A build that has ended stays as it is."""

    def find(self, run: Run) -> BuildReport | None:
        """Find the build of an earlier start of `run` that got no answer. None is certain: there is no such build."""

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """The present state of builds of one account and region. Builds that CodeBuild does not return are left out."""


class AlarmState(StrEnum):
    """The state of a CloudWatch alarm, or why there is none."""

    OK = "ok"
    ALARM = "alarm"
    INSUFFICIENT_DATA = "insufficient_data"
    MISSING = "missing"  # there is no such alarm
    UNREADABLE = "unreadable"  # its account and region did not answer, or refused


class AlarmReading(Value, kw_only=True, frozen=True):
    """The state of an alarm when it was read."""

    state: AlarmState
    reason: str = ""  # CloudWatch's, or why the alarm could not be read: one short line without secrets


class Alarms(Protocol):
    """CloudWatch's alarms, in every account and region. Composite alarms, too."""

    def states(self, arns: Collection[str]) -> dict[str, AlarmReading]:
        """The state of each alarm, by ARN. Never raises for what an account or region answers: see UNREADABLE."""
