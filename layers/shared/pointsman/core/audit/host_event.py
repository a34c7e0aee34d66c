"""Reads events from outside the engine: CodeBuild's on a build, and the runner's on hosts and on Ansible's end.

`authorize.py` decides whether the sender may report what an event says.
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
from pointsman.core.audit.envelope import Envelope, describe_errors, read_envelope
from pointsman.core.model import Mode, Value
from pointsman.core.text import cut, replace_surrogates
from pointsman.core.trail.host_values import HostCounts, TaskResult

RUNNER_SOURCE = "pointsman.ansible"
CHECK_SOURCE = "pointsman.check"  # the only source that the role of checks may use
MOST_PARTS = 100_000
MOST_NAMES = 100  # hosts named in one event
REASON_LENGTH = 2_000
MOST_TASKS = 1_000_000
MOST_LEVELS = 20  # of JSON; builds and hosts send at most seven
LONGEST_TASK = 10_000_000.0  # seconds; JSON allows numbers that the table cannot store, such as 1e999
HOST_BYTES = 255  # of UTF-8, as many as a DNS name may have: a key of the table has a limit in bytes


class _Detail(RunReference):
    """The fields that a build sends about itself. The lengths keep every key within DynamoDB's limits.

    A manual build may have no rollout and no target: both are empty.
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
    """The result of one host, as the callback plugin sends it."""

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
            raise ValueError(f"a host's name must have at most {HOST_BYTES} bytes")
        return host

    @field_validator("counts")
    @classmethod
    def _counts_are_counts(cls, counts: HostCounts) -> HostCounts:
        if not all(0 <= number <= MOST_TASKS for number in counts.model_dump().values()):
            raise ValueError(f"every count must be from 0 to {MOST_TASKS}")
        return counts

    @field_validator("tasks")
    @classmethod
    def _tasks_took_time(cls, tasks: tuple[TaskResult, ...]) -> tuple[TaskResult, ...]:
        if not all(0 <= task.duration_seconds <= LONGEST_TASK for task in tasks):
            raise ValueError(f"every duration must be from 0 to {LONGEST_TASK:g} seconds")
        return tuple(_in_milliseconds(task) for task in tasks)


def _in_milliseconds(task: TaskResult) -> TaskResult:
    """Round the duration: the table cannot store the smallest numbers of JSON."""
    return task.model_copy(update={"duration_seconds": round(task.duration_seconds, 3)})


class PlaybookDetail(_Detail):
    """The end of Ansible, as the runner sends it."""

    exit_status: int | None = Field(default=None, ge=-255, le=255)
    reason: str = ""
    hosts: int = Field(default=0, ge=0, le=MOST_TASKS)
    hosts_cut_off: tuple[str, ...] = ()
    hosts_cut_off_total: int = Field(default=0, ge=0, le=MOST_TASKS)
    results_missing: tuple[str, ...] = ()

    @field_validator("reason")
    @classmethod
    def _reason_is_short(cls, reason: str) -> str:
        return cut(Redactor().redact(reason), REASON_LENGTH)  # the runner redacts it, but the event may be forged

    @field_validator("hosts_cut_off", "results_missing")
    @classmethod
    def _names_are_few(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cut(name, HOST_BYTES) for name in names[:MOST_NAMES])


class _Sent(Value):
    """The sender of an event, by its envelope. `at` is the event's time, which the sender may set."""

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
        # The envelope wins over the detail. A newer runner may send fields that this version does not know.
        return inbound_type.read(envelope.detail | _sender(envelope))
    except ValidationError as error:
        return UnrelatedEvent(reason=describe_errors(error), malformed=True)


def _encodable(value: Any, depth: int = MOST_LEVELS) -> Any:
    """`value` without lone surrogates, which the table cannot store, and without deeper levels than any event has."""
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
    build = read_build_event(event)
    return read_manual_build(event) if isinstance(build, UnrelatedEvent) and envelope.source == SOURCE else build


def _sender(envelope: Envelope) -> dict[str, Any]:
    return {
        "event_id": envelope.id,
        "account": envelope.account,
        "at": envelope.time,
        "source": envelope.source,
    }
