"""The nouns of Pointsman, as values: frozen, comparable, and the same in memory, in a queue and in a table."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Value(BaseModel):
    """Base of every noun. Who makes one may give it known fields alone; who reads a stored one tolerates others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, data: Any) -> Self:
        """A stored or received value, without the fields that a newer version added. Raises ValidationError."""
        return cls.model_validate(data, extra="ignore")

    @classmethod
    def read_json(cls, text: str) -> Self:
        """The same of JSON text."""
        return cls.model_validate_json(text, extra="ignore")


class Mode(StrEnum):
    """Whether a run changes hosts or only says what it would change."""

    APPLY = "apply"
    CHECK = "check"


def queue_name(target: str, mode: Mode) -> str:
    """Checks queue in a lane of their own: they leave nothing behind, and hold up no apply."""
    return f"{target}#check" if mode is Mode.CHECK else target


class Target(Value):
    """Where a run goes: one account and region, and the part of its inventory that is meant."""

    name: str  # "dev/eu-west-1"
    account: str  # "dev"
    account_id: str
    region: str
    limit: str = ""  # Ansible's host pattern; empty means every host of the inventory
    # What this target does otherwise than its order says; None: what the order says.
    playbook: str | None = None
    tags: tuple[str, ...] | None = None
    extra_vars: dict[str, Any] | None = None  # laid over the order's

    def has_build(self, arn: str) -> bool:
        """Whether a build of CodeBuild is in the target's account and region."""
        return arn.split(":")[3:5] == [self.region, self.account_id]


class PullRequest(Value):
    """Where the change of a pull request comes from and goes to."""

    number: int
    base: str  # branch it is to be merged into
    head: str  # branch it comes from


class Change(Value):
    """What a push or a pull request asks for."""

    repository: str  # "acme/infra"
    repository_id: int
    ref: str  # "refs/heads/main", "refs/tags/v1" or "refs/pull/7/head"
    before: str  # where the ref stood; of a pull request: the newest commit of its base
    after: str
    created: bool = False
    forced: bool = False
    pull_request: PullRequest | None = None
    actor: str  # login of who pushed, or who opened or moved the pull request
    actor_id: int | None = None  # GitHub's number of the actor: a login may change hands, this may not
    author: str  # name of the head commit's author; of a pull request: login of who opened it
    title: str  # first line of the head commit's message, or the pull request's title
    url: str  # page of the head commit or of the pull request
    compare_url: str
    files: tuple[str, ...] = ()  # the first of them: ChangedFiles.kept
    files_total: int | None = None  # None: the list of changed files is incomplete


class Outcome(StrEnum):
    """What a route says to a change."""

    MATCHED = "matched"
    IGNORED = "ignored"
    UNDETERMINED = "undetermined"


class Decision(Value):
    """Route x change: the outcome and why. `runs` tells whether a rollout follows from it.

    `held`: undetermined, and the route's policy is to wait for somebody who looks.
    """

    route: str
    outcome: Outcome
    runs: bool
    held: Annotated[bool | None, BeforeValidator(lambda held: held or None)] = None  # None, never False: not written
    reason: str
    pattern: str | None = None  # the pattern that decided
    file: str | None = None  # the file it decided on
    targets: tuple[str, ...] = ()
    rollout: str | None = None  # id of the rollout that follows

    def to_json(self) -> dict[str, Any]:
        """As the receiver answers it, and `explain --json` and `why --json` say it."""
        return self.model_dump(mode="json") | {"held": bool(self.held)}


class WhenBusy(StrEnum):
    """What happens to runs of the same route that still wait for a target when a newer one arrives."""

    SUPERSEDE = "supersede"
    QUEUE = "queue"


class RunSettings(Value):
    """What Ansible is told on one target."""

    playbook: str
    limit: str
    tags: tuple[str, ...]
    extra_vars: dict[str, Any]


class RolloutSpec(Value):
    """What a matching route asks of the engine: everything a rollout needs to know, so that no rule is read twice."""

    rollout: str
    route: str
    mode: Mode = Mode.APPLY
    playbook: str
    tags: tuple[str, ...] = ()
    extra_vars: dict[str, Any] = Field(default_factory=dict)
    when_busy: WhenBusy = WhenBusy.SUPERSEDE
    # Newer takes the place of older within a line. A route's applies are one; each pull request's checks are their own.
    concurrency_group: str | None = None  # None: the route's name
    targets: tuple[Target, ...]

    def queue_for(self, target: str) -> str:
        """Name of the lane in which a run of this order waits for `target`."""
        return queue_name(target, self.mode)

    @property
    def queues(self) -> tuple[str, ...]:
        """The lanes of every target."""
        return tuple(self.queue_for(target.name) for target in self.targets)

    def settings_on(self, target: Target) -> RunSettings:
        """The order's settings with what the target does otherwise."""
        return RunSettings(
            playbook=target.playbook or self.playbook,
            limit=target.limit,
            tags=self.tags if target.tags is None else target.tags,
            extra_vars=self.extra_vars | (target.extra_vars or {}),
        )


class Push(Value):
    """A push that asked for a commit. Delivered again it is the same push; a later one has another time."""

    before: str  # where the ref stood before it
    pushed_at: datetime | None = None


class RunState(StrEnum):
    """Where a run is. It only moves forward, in this order; everything after RUNNING is an end."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed_out"
    FAULTED = "faulted"
    REFUSED = "refused"  # no build was ever made; the reason tells who refused
    SUPERSEDED = "superseded"  # no build was ever made; a newer commit took its place

    @property
    def ended(self) -> bool:
        """True for a state that no event can change any more."""
        return self not in (RunState.WAITING, RunState.STARTING, RunState.RUNNING)


type RunKey = tuple[str, int]  # target, attempt


class Missing(Value):
    """CodeBuild was asked for a build and did not name it: `times` in a row, from `since` to `last`."""

    since: datetime
    last: datetime
    times: int = 1


def _as_created(data: dict[str, Any]) -> datetime:
    """An ordering time that nobody gave."""
    created: datetime = data["created_at"]
    return created


class Run(Value):
    """One rollout on one target, attempt n: one CodeBuild build."""

    rollout: str
    route: str
    concurrency_group: str | None = None  # the order's
    mode: Mode = Mode.APPLY  # the order's
    target: Target
    attempt: int = 1
    state: RunState = RunState.WAITING
    reason: str = ""  # why it ended as it did; while it starts: why it has no build yet
    blocked_by: str | None = None  # rollout that held the target when this run began to wait
    build_arn: str | None = None
    log_url: str | None = None
    created_at: datetime  # of the push that asked for it; this does not move
    ordering_time: datetime = Field(default_factory=_as_created)  # of the newest push to its commit: which is newer
    acquired_at: datetime | None = None  # when it took the target
    # Since when a build of it may exist that nobody told us of; None: no StartBuild is unanswered.
    start_requested_at: datetime | None = None
    started_at: datetime | None = None
    missing: Missing | None = None
    ended_at: datetime | None = None
    version: int = 0  # writes so far; 0 means not stored yet

    @property
    def key(self) -> RunKey:
        """Its name within the rollout."""
        return self.target.name, self.attempt

    @property
    def queue(self) -> str:
        """Name of its lane."""
        return queue_name(self.target.name, self.mode)

    @property
    def queue_entry(self) -> "QueueEntry":
        """The run's place in its lane."""
        concurrency_group = self.concurrency_group or self.route
        return QueueEntry(
            rollout=self.rollout,
            concurrency_group=concurrency_group,
            attempt=self.attempt,
            ordering_time=self.ordering_time,
        )


class RolloutState(StrEnum):
    """What became of a rollout as a whole."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def ended(self) -> bool:
        """True when no run of it is left to end."""
        return self is not RolloutState.OPEN


class Rollout(Value):
    """One change on one route, going to its targets."""

    id: str
    change: Change
    spec: RolloutSpec
    delivery: str  # the delivery that asked for it
    last_message_id: str  # of the SQS message handled last: handling it again changes nothing
    pushes: tuple[Push, ...]  # the newest pushes that asked for this commit
    state: RolloutState = RolloutState.OPEN
    round: int = 1  # a repetition that runs something after the end opens the next
    attempts: dict[str, int] = Field(default_factory=dict)  # attempt wanted on a target, where it is not the first
    created_at: datetime  # when it was first asked for
    ordering_time: datetime = Field(default_factory=_as_created)  # of the newest push to it: which commit is newer
    ended_at: datetime | None = None
    version: int = 0


class QueueEntry(Value):
    """A run's place in a lane."""

    rollout: str
    concurrency_group: str  # within which newer takes the place of older: a route, or one pull request on it
    attempt: int
    ordering_time: datetime  # of the rollout's newest push: which commit is newer

    def same_run(self, other: "QueueEntry") -> bool:
        """Whether both are of one run, which may have been pushed again between."""
        return (self.rollout, self.attempt) == (other.rollout, other.attempt)


class TargetQueue(Value):
    """The queue before one target: at most one run holds it, the others wait in order.

    `newest_applied` tells when the newest commit was pushed that has held the lane, for each route and for each
    playbook of a ref (its settings included, whatever the route is called): nothing older may follow it.
    """

    name: str  # the target's name; for checks, with "#check" added
    holder: QueueEntry | None = None
    waiting: tuple[QueueEntry, ...] = ()
    newest_applied: dict[str, datetime] = Field(default_factory=dict)
    version: int = 0
