"""The nouns of Pointsman, as frozen values. They have the same form in memory, in a queue and in a table."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NewType

import msgspec

from pointsman.core.cancellation import Cancellation
from pointsman.core.change import Change, Push
from pointsman.core.rollout_facts import Backoff, Halt, Hold, Missing, OpenGate, Override, Rollback, Wait
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.run_options import RunOptions, merge_options
from pointsman.core.run_request import InstanceLaunch, RunRequest
from pointsman.core.value import Value

RolloutId = NewType("RolloutId", str)  # "r-3f2a9c0d1e2b4a56"
TargetName = NewType("TargetName", str)  # "dev/eu-west-1"
DeliveryId = NewType("DeliveryId", str)  # X-GitHub-Delivery


class Mode(StrEnum):
    """Whether a run changes hosts or only reports what it would change."""

    APPLY = "apply"
    CHECK = "check"


def queue_name(target_name: TargetName, mode: Mode) -> str:
    """The name of a target's queue. Checks change nothing, so they have a queue of their own and delay no apply."""
    return f"{target_name}#check" if mode is Mode.CHECK else target_name


class Target(Value, kw_only=True, frozen=True):
    """Where a run goes: one account and region, and optionally a part of its inventory."""

    name: TargetName
    account: str  # "dev"
    account_id: str
    region: str
    limit: str = ""  # Ansible's host pattern; empty means every host of the inventory
    wave: int = 0  # index of its wave in the rollout's plan
    # What overrides the rollout spec on this target; None: the spec applies.
    playbook: str | None = None
    tags: tuple[str, ...] | None = None
    extra_vars: dict[str, Any] | None = None  # override the spec's, one by one
    options: RunOptions | None = None  # override the spec's, one by one

    def has_build(self, arn: str) -> bool:
        """Whether a build is in the target's account and region."""
        return arn.split(":")[3:5] == [self.region, self.account_id]


class WhenBusy(StrEnum):
    """What a newer run does to runs of the same route that still wait for the target."""

    SUPERSEDE = "supersede"
    QUEUE = "queue"
    CANCEL = "cancel"  # supersede, and stop the builds of older commits


class RunSettings(Value, kw_only=True, frozen=True):
    """The settings of Ansible on one target."""

    playbook: str
    limit: str
    tags: tuple[str, ...]
    extra_vars: dict[str, Any]
    options: RunOptions | None = None


class RolloutSpec(Value, kw_only=True, frozen=True):
    """Everything that a rollout needs to know of its route. The engine never reads routes.yaml."""

    rollout: RolloutId
    route: str
    mode: Mode = Mode.APPLY
    playbook: str
    tags: tuple[str, ...] = ()
    extra_vars: dict[str, Any] = msgspec.field(default_factory=dict)
    options: RunOptions | None = None
    when_busy: WhenBusy = WhenBusy.SUPERSEDE
    # A newer run supersedes older ones of its group: a route's applies, or the checks of one pull request.
    concurrency_group: str | None = None  # None: the route's name
    plan: RolloutPlan | None = None  # None: all targets at once
    targets: tuple[Target, ...]

    def queue_for(self, target_name: TargetName) -> str:
        """The name of the queue in which a run of this spec waits for the target."""
        return queue_name(target_name, self.mode)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queue names of all targets."""
        return tuple(self.queue_for(target.name) for target in self.targets)

    def settings_on(self, target: Target) -> RunSettings:
        """The spec's settings with the target's overrides."""
        options = merge_options(self.options, target.options)
        return RunSettings(
            playbook=target.playbook or self.playbook,
            limit=target.limit,
            tags=self.tags if target.tags is None else target.tags,
            extra_vars=self.extra_vars | (target.extra_vars or {}),
            options=options.without_secrets() if options and self.mode is Mode.CHECK else options,
        )

    def options_for_build(self, target: Target) -> RunOptions | None:
        """The options of a build on a target: its settings', with the batch size of its wave.

        The batch size is no setting: it does not change what is done, and so not the identity of the work. A check
        changes nothing and has none, so that it shows every host's result at once.
        """
        options = self.settings_on(target).options
        waves = self.plan.waves if self.plan else ()
        serial = waves[target.wave].serial if self.mode is Mode.APPLY and target.wave < len(waves) else None
        return (options or RunOptions()).replace(serial=serial) if serial else options


class RunState(StrEnum):
    """The state of a run. It only moves forward, in this order. Every state after RUNNING is final."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    FAULTED = "faulted"
    REFUSED = "refused"  # there never was a build; the reason says who refused it
    SUPERSEDED = "superseded"  # there never was a build; a newer commit replaced this one
    CANCELLED = "cancelled"  # there never was a build; a person cancelled the rollout
    SKIPPED = "skipped"  # there never was a build; the rollout had halted, or a freeze came before the build

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self not in (RunState.WAITING, RunState.STARTING, RunState.RUNNING)

    @property
    def failed(self) -> bool:
        """Whether something went wrong: neither success nor somebody's decision."""
        fine = (RunState.SUCCEEDED, RunState.SUPERSEDED, RunState.CANCELLED, RunState.SKIPPED)
        return self.ended and self not in fine


type RunKey = tuple[TargetName, int]  # with the attempt


NOT_GIVEN = datetime.min.replace(tzinfo=UTC)  # an ordering time that was not given: the time of creation


class Run(Value, kw_only=True, frozen=True):
    """One rollout on one target, attempt n: one CodeBuild build."""

    rollout: RolloutId
    route: str
    concurrency_group: str | None = None  # the spec's
    mode: Mode = Mode.APPLY  # the spec's
    target: Target
    attempt: int = 1
    hosts: tuple[str, ...] = ()  # a retry of these hosts alone; empty: every host of the target
    state: RunState = RunState.WAITING
    reason: str = ""  # of its end; while it is starting: why it has no build yet
    blocked_by: RolloutId | None = None  # the rollout that held the target when this run began to wait
    build_arn: str | None = None
    log_url: str | None = None
    created_at: datetime  # time of the first push; never changes
    ordering_time: datetime = NOT_GIVEN  # time of the newest push of its commit
    waiting_since: datetime | None = None  # when it first joined the target's queue; None: it did not have to
    acquired_at: datetime | None = None  # when it acquired the target
    # When StartBuild was first called without a clear answer, so that a build may exist; None: every call was answered.
    start_requested_at: datetime | None = None
    backoff: Backoff | None = None  # while it is starting
    started_at: datetime | None = None
    missing: Missing | None = None
    stop_requested_at: datetime | None = None  # when StopBuild was last called
    ended_at: datetime | None = None
    version: int = 0  # writes so far; 0 means not stored yet

    def __post_init__(self) -> None:
        """Order by the time of creation unless another is given."""
        if self.ordering_time == NOT_GIVEN:
            msgspec.structs.force_setattr(self, "ordering_time", self.created_at)

    @property
    def key(self) -> RunKey:
        """The run's key within the rollout."""
        return self.target.name, self.attempt

    @property
    def queue(self) -> str:
        """The name of the run's queue."""
        return queue_name(self.target.name, self.mode)

    @property
    def queue_entry(self) -> "QueueEntry":
        """The run's entry in its queue."""
        concurrency_group = self.concurrency_group or self.route
        return QueueEntry(
            rollout=self.rollout,
            concurrency_group=concurrency_group,
            attempt=self.attempt,
            ordering_time=self.ordering_time,
        )


class RolloutState(StrEnum):
    """The state of a whole rollout."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"

    @property
    def ended(self) -> bool:
        """Whether every run has ended."""
        return self is not RolloutState.OPEN


class Rollout(Value, kw_only=True, frozen=True):
    """One change on one route, going to its targets."""

    id: RolloutId
    change: Change
    spec: RolloutSpec
    delivery: DeliveryId  # the newest delivery that asked for it
    last_message_id: str  # SQS id of the last message: handling it again changes nothing
    pushes: tuple[Push, ...]  # the newest pushes of this commit
    request: RunRequest | None = None  # None: the change itself asked for it
    state: RolloutState = RolloutState.OPEN
    round: int = 1  # a redelivery that runs something after the end opens the next
    attempts: dict[TargetName, int] = msgspec.field(default_factory=dict)  # the attempt wanted, where not the first
    attempt_hosts: dict[TargetName, tuple[str, ...]] = msgspec.field(default_factory=dict)  # its hosts, where not all
    cancellation: Cancellation | None = None  # until a push or a retry voids it
    waves_started: int = 0  # of the plan's
    wave_started_at: datetime | None = None  # the newest of them
    turns_listed: int | None = None  # the list of Turns of that wave; None: it may lack some
    gate: OpenGate | None = None  # after the newest wave that started
    halt: Halt | None = None  # until a push or a retry voids it
    hold: Hold | None = None
    freeze_override: Override | None = None
    rollback: Rollback | None = None
    wait: Wait | None = None
    waits_recorded: int = 0  # that are in the trail
    reopened_at: datetime | None = None  # when a retry or a push last asked for more runs
    created_at: datetime  # time of the first push
    ordering_time: datetime = NOT_GIVEN  # time of the newest push of its commit; of a rollback: right after the bad one
    ended_at: datetime | None = None
    version: int = 0

    def __post_init__(self) -> None:
        """Order by the time of creation unless another is given."""
        if self.ordering_time == NOT_GIVEN:
            msgspec.structs.force_setattr(self, "ordering_time", self.created_at)

    @property
    def actor(self) -> str:
        """Who or what asked for it."""
        return self.request.actor if self.request else self.change.actor

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The waves of its plan; none if all targets run at once."""
        return self.spec.plan.waves if self.spec.plan else ()

    @property
    def is_of_whole_route(self) -> bool:
        """Whether it brings a commit to all targets of the route, so that it supersedes older rollouts of it."""
        return self.spec.mode is Mode.APPLY and not (self.request and self.request.is_part)


class QueueEntry(Value, kw_only=True, frozen=True):
    """A run in a target's queue."""

    rollout: RolloutId
    concurrency_group: str  # newer runs supersede older ones of the same group
    attempt: int
    ordering_time: datetime  # time of the rollout's newest push

    def same_run(self, other: "QueueEntry") -> bool:
        """Whether both are of the same run, whose commit may have been pushed again in between."""
        return (self.rollout, self.attempt) == (other.rollout, other.attempt)


class FormerGood(Value, kw_only=True, frozen=True):
    """A rollout that succeeded on a target before the newest one that did."""

    rollout: RolloutId
    commit: str


class LastGood(Value, kw_only=True, frozen=True):
    """The newest commit of a route that succeeded on a target."""

    rollout: RolloutId
    repository: str
    ordering_time: datetime  # of the commit's newest push when it succeeded
    acquired_at: datetime  # when its run acquired the target
    failed_until: datetime | None = None  # the end of the last newer run that did not succeed
    commit: str = ""
    former: tuple[FormerGood, ...] = ()  # newest first; to one of them a rollback goes
    failed: tuple[str, ...] = ()  # commits of these that did not succeed when they ran again


class WaitingInstances(Value, kw_only=True, frozen=True):
    """New instances that wait until the target is free, and what runs on them. `spec` has no rollout id yet."""

    spec: RolloutSpec
    launches: tuple[InstanceLaunch, ...]


class TargetQueue(Value, kw_only=True, frozen=True):
    """The queue of one target: at most one run holds the target, the others wait in order.

    `newest_applied` has the push time of the newest commit that has held the target, by concurrency group and by
    work_id (a playbook of a ref, even if the route was renamed). Nothing older may run after it. `last_good`,
    `applied_until` and `new_instances` are by `identity.route_key`, `launches` by instance id.
    """

    name: str  # the target's name; for checks with "#check" added
    holder: QueueEntry | None = None
    waiting: tuple[QueueEntry, ...] = ()
    newest_applied: dict[str, datetime] = msgspec.field(default_factory=dict)
    last_good: dict[str, LastGood] = msgspec.field(default_factory=dict)
    applied_until: dict[str, datetime] = msgspec.field(default_factory=dict)  # when the last build that applies ended
    new_instances: dict[str, WaitingInstances] = msgspec.field(default_factory=dict)
    launches: dict[str, datetime] = msgspec.field(default_factory=dict)  # that were seen; the time of each launch
    version: int = 0
