"""Events from outside the engine, read at the door: CodeBuild's word on a build, and Ansible's word on a host.

A claim is what an event says; `believe.py` judges whether its sender has a say in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, field_validator
from redaction import Redactor

from pointsman.core.audit.build_event import (
    BUILD_ARN,
    SOURCE,
    BuildEvent,
    ManualBuildEvent,
    RunReference,
    UnrelatedEvent,
    read_build_event,
    read_manual_build,
)
from pointsman.core.audit.envelope import Envelope, faults_of, read_envelope
from pointsman.core.model import Mode, Value
from pointsman.core.text import cut, replace_surrogates
from pointsman.core.trail.host_values import HostCounts, TaskResult

RUNNER_SOURCE = "pointsman.ansible"
CHECK_SOURCE = "pointsman.check"  # the one source that the role of checks may use
MOST_PARTS = 100_000
MOST_NAMES = 100  # hosts named in one event
REASON_LENGTH = 2_000
MOST_TASKS = 1_000_000
DEEPEST = 20  # levels of JSON; what builds and hosts send has at most seven
LONGEST_TASK = 10_000_000.0  # seconds; JSON also has numbers that the table can't hold, and 1e999
HOST_BYTES = 255  # of UTF-8: a key of the table has a limit in bytes, and a DNS name has at most as many


class _Detail(RunReference):
    """What a build says of itself. The lengths keep every key inside DynamoDB's limits.

    A build that somebody started by hand may know of no rollout and no target: both are empty.
    """

    rollout: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,64}$")
    target: str = Field(default="", pattern=r"^[A-Za-z0-9_./-]{0,128}$")
    version: Literal[1]
    mode: Mode
    build_arn: str = Field(pattern=BUILD_ARN)
    commit: str | None = Field(default=None, max_length=64)
    started_at: AwareDatetime
    ended_at: AwareDatetime


class HostDetail(_Detail):
    """What the callback plugin sends of one host."""

    host: str = Field(min_length=1)
    instance_id: str | None = Field(default=None, max_length=64)
    status: Literal["ok", "changed", "failed", "unreachable"]
    counts: HostCounts
    tasks: tuple[TaskResult, ...] = ()
    tasks_omitted: int = Field(default=0, ge=0, le=MOST_TASKS)
    shortened: bool = False
    part: int = Field(default=1, ge=1, le=MOST_PARTS)
    final: bool = True

    @field_validator("host")
    @classmethod
    def _host_fits_a_key(cls, host: str) -> str:
        if len(host.encode()) > HOST_BYTES:
            raise ValueError(f"a host's name should have at most {HOST_BYTES} bytes")
        return host

    @field_validator("counts")
    @classmethod
    def _counts_are_counts(cls, counts: HostCounts) -> HostCounts:
        if not all(0 <= number <= MOST_TASKS for number in counts.model_dump().values()):
            raise ValueError(f"every count should be from 0 to {MOST_TASKS}")
        return counts

    @field_validator("tasks")
    @classmethod
    def _tasks_took_time(cls, tasks: tuple[TaskResult, ...]) -> tuple[TaskResult, ...]:
        if not all(0 <= task.duration_seconds <= LONGEST_TASK for task in tasks):
            raise ValueError(f"every duration should be from 0 to {LONGEST_TASK:g} seconds")
        return tuple(_in_milliseconds(task) for task in tasks)


def _in_milliseconds(task: TaskResult) -> TaskResult:
    """The table keeps no number as small as JSON's smallest."""
    return task.model_copy(update={"duration_seconds": round(task.duration_seconds, 3)})


class PlaybookDetail(_Detail):
    """What the runner sends once Ansible has ended."""

    exit_status: int | None = Field(default=None, ge=-255, le=255)
    reason: str = ""
    hosts: int = Field(default=0, ge=0, le=MOST_TASKS)
    hosts_cut_off: tuple[str, ...] = ()
    hosts_cut_off_total: int = Field(default=0, ge=0, le=MOST_TASKS)
    results_missing: tuple[str, ...] = ()

    @field_validator("reason")
    @classmethod
    def _reason_is_short(cls, reason: str) -> str:
        return cut(Redactor().redact(reason), REASON_LENGTH)  # the runner's is redacted; a forged one may not be

    @field_validator("hosts_cut_off", "results_missing")
    @classmethod
    def _names_are_few(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cut(name, HOST_BYTES) for name in names[:MOST_NAMES])


class _Sent(Value):
    """What EventBridge says of a claim's sender. `at` is the entry's time, which its sender may set."""

    event_id: str
    account: str
    at: datetime
    source: str


class HostEvent(HostDetail, _Sent):
    """A host result and its sender."""


class PlaybookEvent(PlaybookDetail, _Sent):
    """The end of Ansible and who reports it."""


type InboundEvent = BuildEvent | ManualBuildEvent | HostEvent | PlaybookEvent


_EVENT_TYPES: dict[str, type[HostEvent | PlaybookEvent]] = {
    "HostResultRecorded": HostEvent,
    "PlaybookEnded": PlaybookEvent,
}


def read_inbound_event(event: Mapping[str, Any]) -> InboundEvent | UnrelatedEvent:
    """Read a raw EventBridge event. Raises Misconfigured when it has no envelope."""
    event = {name: _encodable(value) for name, value in event.items()}
    envelope = read_envelope(event)
    inbound_type = _EVENT_TYPES.get(envelope.detail_type) if envelope.source in (RUNNER_SOURCE, CHECK_SOURCE) else None
    if inbound_type is None:
        return _read_build(event, envelope)
    try:
        # The envelope's word stands over the detail's, and a newer runner may say more than this version knows.
        return inbound_type.read(envelope.detail | _sender(envelope))
    except ValidationError as error:
        return UnrelatedEvent(reason=faults_of(error), malformed=True)


def _encodable(value: Any, depth: int = DEEPEST) -> Any:
    """JSON can hold half of a surrogate pair, and the table cannot. What lies deeper than all we know is left out."""
    match value:
        case str():
            return replace_surrogates(value)
        case list() | dict() if not depth:
            return None
        case list():
            return [_encodable(each, depth - 1) for each in value]
        case dict():
            return {_encodable(name): _encodable(each, depth - 1) for name, each in value.items()}
        case _:
            return value


def _read_build(event: Mapping[str, Any], envelope: Envelope) -> BuildEvent | ManualBuildEvent | UnrelatedEvent:
    read = read_build_event(event)
    return read_manual_build(event) if isinstance(read, UnrelatedEvent) and envelope.source == SOURCE else read


def _sender(envelope: Envelope) -> dict[str, Any]:
    return {
        "event_id": envelope.id,
        "account": envelope.account,
        "at": envelope.time,
        "source": envelope.source,
    }
