"""The events of the audit trail, in the past tense. They are Pointsman's public interface.

Every event has a deterministic `key` within its `partition`: written twice, it is one item. Fields are added but never
renamed; a change of meaning raises `version`. `events/ours/` has a sample of each.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from pointsman.core.change import Change
from pointsman.core.decision import Decision
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.run_request import RunRequest
from pointsman.core.trail.command_events import (
    CommandRefused,
    FreezeEnded,
    FreezeStarted,
    RolloutApproved,
    RolloutCancelled,
    RolloutHeld,
    RolloutRejected,
    RolloutRequested,
    RolloutResumed,
    RolloutRetried,
    RolloutRolledBack,
)
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.event import Event
from pointsman.core.trail.host_values import DiffPiece, HostCounts, Status, TaskResult
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped
from pointsman.core.trail.keys import build_partition, delivery_partition
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from pointsman.core.trail.wave_events import GateEvaluated, Overtaken, RolloutHalted, RolloutWaited, WaveStarted
from pointsman.core.value import read_as


def _digest(decisions: tuple[Decision, ...]) -> str:
    text = "\0".join(decision.to_json() for decision in decisions)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class DeliveryDecided(Event, kw_only=True, frozen=True):
    """A webhook request was accepted, and every route has a decision."""

    delivery: str  # GitHub's id of the request
    reason: str  # how many routes run, or why none does
    change: Change
    decisions: tuple[Decision, ...]  # one for each route of the repository
    decisions_omitted: int = 0  # how many had no room
    shortened: bool = False  # names or details were omitted, to fit a message of the queue or an item of the trail

    @property
    def partition(self) -> str:
        """The delivery's own."""
        return delivery_partition(self.delivery)

    @property
    def key(self) -> str:
        """One per set of decisions: a redelivery under other routes may have others."""
        return f"{self.type}#{_digest(self.decisions)}"


class RolloutStarted(Event, kw_only=True, frozen=True):
    """A change started towards the targets of a route. `request`: it runs once more, for another reason than a push."""

    delivery: str  # GitHub's id of the request that asked for it, or the id of `request`
    request: RunRequest | None = None
    mode: Mode
    playbook: str  # below the route's directory
    change: Change
    targets: tuple[str, ...]  # their names
    overtakes: Overtaken | None = None  # the older rollout of the route, which had not reached every target

    @property
    def key(self) -> str:
        """One per rollout."""
        return self.type


class RolloutRepeated(Event, kw_only=True, frozen=True):
    """The same change was requested again. It starts runs on the targets of `retried` only."""

    delivery: str  # GitHub's id of the request
    message_id: str  # of SQS: each time that the change is requested has its own
    reason: str  # what was there already
    retried: tuple[str, ...] = ()  # targets that refused a build before, are new in the route, or are rolled back

    @property
    def key(self) -> str:
        """One per message."""
        return f"{self.type}#{self.message_id}"


class RunEvent(Event, kw_only=True, frozen=True):
    """The fields of every event of one run."""

    rollout: str
    target: str
    attempt: int  # from 1; a target that refused a build may get another attempt

    @property
    def key(self) -> str:
        """One per run and type."""
        return self.key_of_run(self.target, self.attempt)

    @classmethod
    def key_of_run(cls, target: str, attempt: int) -> str:
        """The key of the event of this type about one run."""
        return f"{cls.__name__}#{target}#{attempt}"


class RunWaited(RunEvent, kw_only=True, frozen=True):
    """A run waits, since another rollout holds its target."""

    blocked_by: str  # the rollout that holds the target


class RunDelayed(RunEvent, kw_only=True, frozen=True):
    """A run holds its target but has no build yet: CodeBuild is throttled or does not answer. Pointsman tries again."""

    reason: str  # the first reason; the run has the latest


class RunStarted(RunEvent, kw_only=True, frozen=True):
    """CodeBuild accepted the build."""

    build_arn: str
    log_url: str | None = None  # the build's log in CloudWatch
    pointsman_version: str | None = None  # of the control stack that started it


class RunEnded(RunEvent, kw_only=True, frozen=True):
    """A run ended and released its target."""

    state: RunState  # one of those that are final
    reason: str  # why, in words
    build_arn: str | None = None  # none: there was no build
    log_url: str | None = None  # the build's log in CloudWatch
    duration_seconds: float | None = None  # from the start of the build to its end
    build_seconds: int | None = None  # that CodeBuild charges, the sum of all its phases
    compute_type: str | None = None  # "BUILD_GENERAL1_SMALL"
    environment_type: str | None = None  # "LINUX_CONTAINER"


class RolloutEnded(Event, kw_only=True, frozen=True):
    """Every run of a rollout has ended."""

    state: RolloutState
    reason: str  # how many targets succeeded
    round: int = 1  # a repetition that starts runs after the end opens the next round

    @property
    def key(self) -> str:
        """One per round."""
        return f"{self.type}#{self.round}"


def build_id(arn: str) -> str:
    """`pointsman:8745a7a9-...`: a build's id, which is the end of its ARN."""
    return arn.rpartition(":build/")[2]


class BuildEventOfRun(RunEvent, kw_only=True, frozen=True):
    """The fields of every event of one build. `rollout` is empty for a manual build without a rollout."""

    build_arn: str  # in the target's account and region
    started_by: str | None = None  # who started the build outside Pointsman, such as with "Retry build" in the console

    @classmethod
    def beginning(cls, target: str, attempt: int) -> str:
        """The beginning of the keys of all events of this type about one run."""
        return f"{cls.__name__}#{target}#{attempt}#"

    @property
    def partition(self) -> str:
        """The rollout's, or the build's own."""
        return super().partition if self.rollout else build_partition(self.build_arn)

    @property
    def key(self) -> str:
        """One per run, build and type."""
        return f"{super().key}#{build_id(self.build_arn)}"


class BuildReported(BuildEventOfRun, kw_only=True, frozen=True):
    """CodeBuild reported that a build changed its state ("Build State Change")."""

    status: str  # as CodeBuild calls it, such as IN_PROGRESS
    phase: str | None = None  # the phase that failed
    message: str | None = None  # CodeBuild's message for that phase
    log_url: str | None = None
    image: str | None = None  # in which the build ran: the run image with its digest, or CodeBuild's own
    build_seconds: int | None = None  # that CodeBuild charges, once it has ended: of all its phases
    compute_type: str | None = None  # "BUILD_GENERAL1_SMALL"
    environment_type: str | None = None  # "LINUX_CONTAINER"

    @property
    def key(self) -> str:
        """One per build and status."""
        return f"{self.key_of_build(self.target, self.attempt, self.build_arn)}{self.status}"

    @classmethod
    def key_of_build(cls, target: str, attempt: int, build_arn: str) -> str:
        """The prefix of the keys of all reports of one build."""
        return f"BuildReported#{target}#{attempt}#{build_id(build_arn)}#"


# What a newer runner sent: path ("tasks.0.loop_items") → value as redacted JSON.
type UnknownFields = dict[str, str]


class HostResultRecorded(BuildEventOfRun, kw_only=True, frozen=True):
    """Ansible's result on one host, in parts: `tasks` are new in this part, `status` and `counts` are totals."""

    host: str
    instance_id: str | None = None  # of EC2, where the inventory names it
    mode: Mode
    status: Status
    counts: HostCounts
    tasks: tuple[TaskResult, ...] = ()  # those that changed the host or failed on it
    tasks_omitted: int = 0  # how many had no room
    diff_pieces: tuple[DiffPiece, ...] | None = None  # of long diffs, whose tasks are in this part or an earlier one
    shortened: bool = False  # texts were cut, to fit an event
    part: int = 1  # from 1
    final: bool = True  # False: the run had not ended yet
    unknown_fields: UnknownFields | None = None
    started_at: datetime
    ended_at: datetime

    @property
    def key(self) -> str:
        """One per build, host and part."""
        return f"{super().key}#{self.host}#{self.part}"


class PlaybookEnded(BuildEventOfRun, kw_only=True, frozen=True):
    """Ansible ended in a build. Says how, and whose results are missing."""

    mode: Mode
    exit_status: int | None = None  # None: killed or timed out
    reason: str = ""  # why it failed, redacted
    hosts: int = 0  # hosts with a result
    hosts_cut_off: tuple[str, ...] = ()  # hosts that a play did not reach before it ended; only the first
    hosts_cut_off_total: int = 0  # how many there are
    results_missing: tuple[str, ...] = ()  # hosts whose results could not be sent; only the first
    results_missing_total: int | None = None  # how many there are, if more
    recording_error: str = ""  # why results of other hosts may be missing, too; empty: they are complete
    runner_version: str | None = None  # of Pointsman's runner in the build
    ansible_version: str | None = None  # of ansible-core
    unknown_fields: UnknownFields | None = None
    started_at: datetime
    ended_at: datetime

    @classmethod
    def key_of_build(cls, target: str, attempt: int, build_arn: str) -> str:
        """The key of the end of Ansible in one build."""
        return f"{cls.key_of_run(target, attempt)}#{build_id(build_arn)}"

    @property
    def missing_total(self) -> int:
        """How many hosts have results that could not be sent."""
        return max(self.results_missing_total or 0, len(self.results_missing))

    @property
    def was_cut_short(self) -> bool:
        """Whether Ansible did not end by itself, so that nobody knows what it did last."""
        return self.exit_status is None

    @property
    def misses_results(self) -> bool:
        """Whether results that hosts had are missing in the trail."""
        return bool(self.results_missing or self.recording_error)


class RawReportRecorded(BuildEventOfRun, kw_only=True, frozen=True):
    """A runner of another version reported something that this version could not read. It is kept as redacted text."""

    mode: Mode
    event_id: str
    detail_type: str  # such as HostResultRecorded
    reason: str  # what could not be read
    content: str  # JSON, cut if `shortened`
    shortened: bool = False

    @property
    def key(self) -> str:
        """One per build and content."""
        return f"{super().key}#{hashlib.sha256(self.content.encode()).hexdigest()[:16]}"


type TrailEvent = (
    DeliveryDecided
    | InstanceDecided
    | InstancesSkipped
    | RolloutStarted
    | RolloutRepeated
    | RolloutCancelled
    | RolloutRetried
    | RolloutApproved
    | RolloutRejected
    | RolloutHeld
    | RolloutResumed
    | RolloutRolledBack
    | RolloutRequested
    | FreezeStarted
    | FreezeEnded
    | CommandRefused
    | WaveStarted
    | GateEvaluated
    | RolloutWaited
    | RolloutHalted
    | RunWaited
    | RunDelayed
    | RunStarted
    | RunEnded
    | RolloutEnded
    | BuildReported
    | HostResultRecorded
    | PlaybookEnded
    | DriftDetected
    | DriftResolved
    | RawReportRecorded
    | EventRejected
    | RecordingCapped
    | ErratumRecorded
)

TYPES = frozenset(each.__name__ for each in get_args(TrailEvent.__value__))


def read_event(data: Mapping[str, Any]) -> TrailEvent:
    """Read a stored event, without the fields of a newer version. Raises msgspec.ValidationError."""
    event: TrailEvent = read_as(TrailEvent.__value__, data)
    return event
