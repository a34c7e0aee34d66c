"""Reads events from outside the engine: CodeBuild's on a build, and the runner's on hosts and on Ansible's end.

`authorize.py` decides whether the sender may report what an event says.

A runner may be newer than this code. What it adds is kept (`unknown_content.py`): fields in `unknown_fields`, and a
report that cannot be read as a RawEvent. The fields of `RunnerReport`, which authorisation needs, must be readable.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from msgspec import Meta, ValidationError
from redaction import Redactor, redact_shapes

from pointsman.core.audit.build_event import (
    SOURCE,
    Attempt,
    BuildArn,
    BuildEvent,
    ManualBuildEvent,
    UnrelatedEvent,
    read_build_event,
    read_manual_build,
)
from pointsman.core.audit.envelope import Envelope, describe_errors, read_envelope
from pointsman.core.audit.unknown_content import raw_content, unknown_fields
from pointsman.core.model import Mode
from pointsman.core.text import cut, replace_surrogates
from pointsman.core.trail.host_values import Count, DiffPiece, HostCounts, Status, TaskResult
from pointsman.core.value import Value

RUNNER_SOURCE = "pointsman.ansible"
CHECK_SOURCE = "pointsman.check"  # the only source that the role of checks may use
MOST_PARTS = 100_000
MOST_NAMES = 100  # hosts named in one event
MOST_PATHS = 50  # of a task, as the runner sends them at most: each has an entry in the index
REASON_LENGTH = 2_000
MOST_LEVELS = 20  # of JSON; builds and hosts send at most seven
HOST_BYTES = 255  # of UTF-8, as many as a DNS name may have: a key of the table has a limit in bytes


type Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z.+_-]{1,64}\Z")]


class RunnerReport(Value, kw_only=True, frozen=True):
    """The fields by which a report is authorised: those of the envelope, and the run and the build that it names.

    A manual build may have no rollout and no target: both are empty.
    """

    event_id: str
    account: str
    at: datetime  # the event's time, which the sender may set
    source: str
    rollout: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{0,64}\Z")] = ""
    target: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_./-]{0,128}\Z")] = ""
    attempt: Attempt
    mode: Mode
    build_arn: BuildArn
    commit: Annotated[str, Meta(max_length=64)] | None = None


class RawEvent(RunnerReport, kw_only=True, frozen=True):
    """A report of a run that this version cannot read. Its content is redacted text."""

    host: str | None = None
    detail_type: str
    reason: str  # what could not be read
    content: str
    shortened: bool


class _RunnerEvent(RunnerReport, kw_only=True, frozen=True):
    """The fields of every report that this version reads."""

    version: Literal[1]
    unknown_fields: dict[str, str] | None = None  # set here, whatever the sender writes into it
    started_at: Annotated[datetime, Meta(tz=True)]
    ended_at: Annotated[datetime, Meta(tz=True)]


class HostEvent(_RunnerEvent, kw_only=True, frozen=True):
    """The result of one host, as the callback plugin sends it."""

    host: Annotated[str, Meta(min_length=1)]
    instance_id: Annotated[str, Meta(max_length=64)] | None = None
    status: Status
    counts: HostCounts
    tasks: tuple[TaskResult, ...] = ()
    tasks_omitted: Count = 0
    diff_pieces: tuple[DiffPiece, ...] | None = None
    shortened: bool = False
    part: Annotated[int, Meta(ge=1, le=MOST_PARTS)] = 1
    final: bool = True

    def __post_init__(self) -> None:
        """Check what a limit in characters does not. Raises ValueError."""
        if len(self.host.encode()) > HOST_BYTES:
            raise ValueError(f"a host's name must have at most {HOST_BYTES} bytes")

    def cleaned(self) -> Self:
        """Redact the texts again, and round the durations: the table cannot store the smallest numbers of JSON."""
        pieces = tuple(each.replace(text=redact_shapes(each.text)) for each in self.diff_pieces or ())
        return self.replace(tasks=tuple(map(_cleaned_task, self.tasks)), diff_pieces=pieces or None)


def _cleaned_task(task: TaskResult) -> TaskResult:
    """The task without secrets that have a shape: the build may have an older runner, with fewer rules."""
    return task.replace(
        name=redact_shapes(task.name),
        path=redact_shapes(task.path),
        action=redact_shapes(task.action),
        role=task.role and redact_shapes(task.role),
        message=task.message and redact_shapes(task.message),
        diff=task.diff and redact_shapes(task.diff),
        changed_paths=tuple(redact_shapes(path) for path in task.changed_paths[:MOST_PATHS]),
        changed_paths_omitted=(task.changed_paths_omitted or 0) + max(len(task.changed_paths) - MOST_PATHS, 0) or None,
        item=task.item and redact_shapes(task.item),
        async_job=task.async_job and redact_shapes(task.async_job),
        duration_seconds=round(task.duration_seconds, 3),
    )


class PlaybookEvent(_RunnerEvent, kw_only=True, frozen=True):
    """The end of Ansible, as the runner sends it."""

    exit_status: Annotated[int, Meta(ge=-255, le=255)] | None = None
    reason: str = ""
    hosts: Count = 0
    hosts_cut_off: tuple[str, ...] = ()
    hosts_cut_off_total: Count = 0
    results_missing: tuple[str, ...] = ()
    results_missing_total: Count | None = None
    recording_error: str = ""
    runner_version: Version | None = None
    ansible_version: Version | None = None

    def cleaned(self) -> Self:
        """Redact the reason, since the event may be forged, and shorten it and the names."""
        return self.replace(
            reason=cut(Redactor().redact(self.reason), REASON_LENGTH),
            hosts_cut_off=_first_names(self.hosts_cut_off),
            hosts_cut_off_total=max(self.hosts_cut_off_total, len(self.hosts_cut_off)),
            results_missing=_first_names(self.results_missing),
            results_missing_total=_total(self.results_missing_total, self.results_missing),
            recording_error=cut(Redactor().redact(self.recording_error), REASON_LENGTH),
        )


def _first_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cut(name, HOST_BYTES) for name in names[:MOST_NAMES])


def _total(total: int | None, names: tuple[str, ...]) -> int | None:
    """How many there are, if not all are named."""
    number = max(total or 0, len(names))
    return number if number > len(_first_names(names)) else None


type InboundEvent = BuildEvent | ManualBuildEvent | HostEvent | PlaybookEvent | RawEvent


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
    detail = envelope.detail
    try:
        # The envelope wins over the detail.
        report = inbound_type.read(detail | _sender(envelope) | {"unknown_fields": None}).cleaned()
        return report.replace(unknown_fields=unknown_fields(detail, inbound_type))
    except ValidationError as error:
        return _read_raw(envelope, describe_errors(error))


def _read_raw(envelope: Envelope, reason: str) -> RawEvent | UnrelatedEvent:
    """Read what authorisation needs, and keep the rest as text."""
    detail = envelope.detail
    try:
        report = RunnerReport.read(detail | _sender(envelope))
    except ValidationError as error:
        return UnrelatedEvent(reason=describe_errors(error), malformed=True)
    host = detail.get("host")
    content, shortened = raw_content(detail)
    return RawEvent(
        **{name: getattr(report, name) for name in report.__struct_fields__},
        host=host if isinstance(host, str) and 0 < len(host.encode()) <= HOST_BYTES else None,
        detail_type=envelope.detail_type,
        reason=cut(Redactor().redact(reason), REASON_LENGTH),
        content=content,
        shortened=shortened,
    )


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
