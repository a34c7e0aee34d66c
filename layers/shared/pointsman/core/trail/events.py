"""The trail's events: what happened, in the past tense. They are Pointsman's public interface.

Every event has a deterministic `key` inside its `partition`: written twice, it is one item. Fields are only added,
never renamed; a change of meaning raises `version`. `events/ours/` holds a sample of each.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter

from pointsman.core.model import Change, Decision, Mode, RolloutState, RunState, Value
from pointsman.core.trail.host_values import HostCounts, TaskResult
from pointsman.core.trail.keys import (
    build_partition,
    delivery_partition,
    rejected_day_partition,
    rejected_partition,
    rollout_partition,
)


class Event(Value):
    """What every event tells. `actor`, `repository`, `commit`, `target` and `host` are the trail's indexes."""

    version: Literal[1] = 1
    type: str
    at: datetime
    actor: str | None = None
    repository: str | None = None
    commit: str | None = None
    route: str | None = None
    rollout: str | None = None
    target: str | None = None
    host: str | None = None

    @property
    def partition(self) -> str:
        """Partition key in the trail: events of one rollout are kept, and streamed, in order."""
        return rollout_partition(str(self.rollout))

    @property
    def key(self) -> str:
        """Sort key in the trail: the same for the same happening, however often it is told."""
        raise NotImplementedError


def _digest(decisions: tuple[Decision, ...]) -> str:
    said = "\0".join(decision.model_dump_json() for decision in decisions)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


class DeliveryDecided(Event):
    """A webhook request was taken and every route gave its decision."""

    type: Literal["DeliveryDecided"] = "DeliveryDecided"
    delivery: str
    reason: str
    change: Change
    decisions: tuple[Decision, ...]
    decisions_omitted: int = 0
    shortened: bool = False  # names or details were left out: for the queue's messages, or for an item of the trail

    @property
    def partition(self) -> str:
        """Deliveries have a partition of their own: most never become a rollout."""
        return delivery_partition(self.delivery)

    @property
    def key(self) -> str:
        """One for a delivery and what was decided: delivered again under other rules, it may be decided otherwise."""
        return f"{self.type}#{_digest(self.decisions)}"


class RolloutStarted(Event):
    """A change was put on its way to the targets of a route."""

    type: Literal["RolloutStarted"] = "RolloutStarted"
    delivery: str
    mode: Mode
    playbook: str
    change: Change
    targets: tuple[str, ...]

    @property
    def key(self) -> str:
        """One for a rollout."""
        return self.type


class RolloutRepeated(Event):
    """The same change was asked for again; only what `retried` names runs because of it."""

    type: Literal["RolloutRepeated"] = "RolloutRepeated"
    delivery: str
    message_id: str  # of the SQS message: one for each time it was delivered
    reason: str
    retried: tuple[str, ...] = ()  # targets: refused before, joined since, or pushed back to

    @property
    def key(self) -> str:
        """One for each time the delivery came."""
        return f"{self.type}#{self.message_id}"


class RunEvent(Event):
    """What every event about one run tells."""

    rollout: str
    target: str
    attempt: int

    @property
    def key(self) -> str:
        """One for a run and type."""
        return f"{self.type}#{self.target}#{self.attempt}"


class RunWaited(RunEvent):
    """A run found its target taken and waits."""

    type: Literal["RunWaited"] = "RunWaited"
    blocked_by: str  # rollout that holds the target


class RunDelayed(RunEvent):
    """A run has its target, and no build yet: CodeBuild takes none now, or does not answer. It is tried again."""

    type: Literal["RunDelayed"] = "RunDelayed"
    reason: str  # the first; the run keeps the latest


class RunStarted(RunEvent):
    """CodeBuild accepted the build."""

    type: Literal["RunStarted"] = "RunStarted"
    build_arn: str
    log_url: str | None = None


class RunEnded(RunEvent):
    """A run reached its end; the target is free again."""

    type: Literal["RunEnded"] = "RunEnded"
    state: RunState
    reason: str
    build_arn: str | None = None
    log_url: str | None = None
    duration_seconds: float | None = Field(default=None, allow_inf_nan=False)


class RolloutEnded(Event):
    """Every run of a rollout has ended."""

    type: Literal["RolloutEnded"] = "RolloutEnded"
    state: RolloutState
    reason: str
    round: int = 1  # a repetition that runs something after the end opens the next

    @property
    def key(self) -> str:
        """One for a round."""
        return f"{self.type}#{self.round}"


def build_id(arn: str) -> str:
    """`pointsman:8745a7a9-...`: a build's id, the end of its ARN."""
    return arn.rpartition(":build/")[2]


class BuildEventOfRun(RunEvent):
    """What every event about one build tells. `rollout` is empty when the build belongs to none: started by hand."""

    build_arn: str
    started_by: str | None = None  # who started a build outside the engine, such as "Retry build" in the console

    @property
    def partition(self) -> str:
        """The rollout's, or the build's own."""
        return super().partition if self.rollout else build_partition(self.build_arn)

    @property
    def key(self) -> str:
        """One for a run, build and type."""
        return f"{super().key}#{build_id(self.build_arn)}"


class BuildReported(BuildEventOfRun):
    """CodeBuild said that a build changed its state (documented: Build State Change)."""

    type: Literal["BuildReported"] = "BuildReported"
    status: str  # CodeBuild's own word, such as IN_PROGRESS
    phase: str | None = None  # the phase that failed
    message: str | None = None  # what CodeBuild said of that phase
    log_url: str | None = None

    @property
    def key(self) -> str:
        """One for a build and status."""
        return f"{self.key_of_build(self.target, self.attempt, self.build_arn)}{self.status}"

    @classmethod
    def key_of_build(cls, target: str, attempt: int, build_arn: str) -> str:
        """Beginning of the keys of all that CodeBuild said of one build."""
        return f"BuildReported#{target}#{attempt}#{build_id(build_arn)}#"


class HostResultRecorded(BuildEventOfRun):
    """What Ansible did on one host, in parts: each has the tasks since the one before; status and counts are of all."""

    type: Literal["HostResultRecorded"] = "HostResultRecorded"
    host: str
    instance_id: str | None = None
    mode: Mode
    status: Literal["ok", "changed", "failed", "unreachable"]
    counts: HostCounts
    tasks: tuple[TaskResult, ...] = ()
    tasks_omitted: int = 0
    shortened: bool = False
    part: int = 1
    final: bool = True  # False: the run was still going on
    started_at: datetime
    ended_at: datetime

    @property
    def key(self) -> str:
        """One for a build, host and part."""
        return f"{super().key}#{self.host}#{self.part}"


class PlaybookEnded(BuildEventOfRun):
    """Ansible ended in a build: how, and what is missing from the hosts' results."""

    type: Literal["PlaybookEnded"] = "PlaybookEnded"
    mode: Mode
    exit_status: int | None = None  # None: killed, or out of time
    reason: str = ""  # why it did not succeed, redacted
    hosts: int = 0  # hosts with a result
    hosts_cut_off: tuple[str, ...] = ()  # hosts of a play that ended before it reached them; the first of them
    hosts_cut_off_total: int = 0
    results_missing: tuple[str, ...] = ()  # hosts whose results could not be sent
    started_at: datetime
    ended_at: datetime


class EventRejected(Event):
    """An event claimed something its sender has no say in; it was kept, and not believed."""

    type: Literal["EventRejected"] = "EventRejected"
    event_id: str
    source: str
    detail_type: str
    sender_account: str
    reason: str

    @property
    def partition(self) -> str:
        """Apart from rollouts: a forged event must not appear in the rollout it names."""
        return rejected_partition(self.event_id)

    @property
    def key(self) -> str:
        """One for an event."""
        return self.type


class RecordingCapped(Event):
    """A build, or an account on one day, sent more than the trail keeps: what came after is not recorded."""

    type: Literal["RecordingCapped"] = "RecordingCapped"
    sender_account: str
    build_arn: str | None = None
    reason: str

    @property
    def partition(self) -> str:
        """Beside what was recorded: the rollout's, the build's, or a day's."""
        if self.rollout:
            return super().partition
        if self.build_arn:
            return build_partition(self.build_arn)
        return rejected_day_partition(self.sender_account, self.at.date())

    @property
    def key(self) -> str:
        """One for a build, or for an account on one day."""
        return f"{self.type}#{self.build_arn or self.sender_account}"


class ErratumRecorded(Event):
    """A person, `actor`, took out of an item what must not be in it. The digests are those of `trail_item.digest`."""

    type: Literal["ErratumRecorded"] = "ErratumRecorded"
    erratum: str
    reason: str
    item_partition: str
    item_key: str
    fields: tuple[str, ...]  # "tasks.0.diff"
    sha256_before: str
    sha256_after: str

    @property
    def partition(self) -> str:
        """The altered item's: who reads the one reads the other."""
        return self.item_partition

    @property
    def key(self) -> str:
        """One for an erratum."""
        return f"{self.type}#{self.erratum}"


type TrailEvent = Annotated[
    DeliveryDecided
    | RolloutStarted
    | RolloutRepeated
    | RunWaited
    | RunDelayed
    | RunStarted
    | RunEnded
    | RolloutEnded
    | BuildReported
    | HostResultRecorded
    | PlaybookEnded
    | EventRejected
    | RecordingCapped
    | ErratumRecorded,
    Field(discriminator="type"),
]

TRAIL_EVENT: TypeAdapter[TrailEvent] = TypeAdapter(TrailEvent)
TYPES = frozenset(each.__name__ for each in get_args(get_args(TrailEvent.__value__)[0]))


def read_event(data: Mapping[str, Any]) -> TrailEvent:
    """A stored event, without the fields that a newer version added. Raises pydantic.ValidationError if it is none."""
    return TRAIL_EVENT.validate_python(data, extra="ignore")
