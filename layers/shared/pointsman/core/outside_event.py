"""Events from outside the engine, read at the door: CodeBuild's word on a build, and Ansible's word on a host.

A claim is what an event says; `believe.py` judges whether its sender has a say in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, field_validator

from pointsman.core.build_event import BUILD_ARN, BuildEvent, NotOurs, RunName, read_build_event
from pointsman.core.envelope import Envelope, faults_of, read_envelope
from pointsman.core.model import Mode
from pointsman.events import HostCounts, TaskResult

HOST_SOURCE = "pointsman.ansible"
CHECK_SOURCE = "pointsman.check"  # the one source that the role of checks may use
HOST_DETAIL_TYPE = "HostResultRecorded"
MOST_TASKS = 1_000_000
LONGEST_TASK = 10_000_000.0  # seconds; JSON also has numbers that the table can't hold, and 1e999
HOST_BYTES = 255  # of UTF-8: a key of the table has a limit in bytes, and a DNS name has at most as many


class HostDetail(RunName):
    """What the callback plugin sends of one host. The lengths keep every key inside DynamoDB's limits."""

    version: Literal[1]
    mode: Mode
    build_arn: str = Field(pattern=BUILD_ARN)
    commit: str | None = Field(default=None, max_length=64)
    host: str = Field(min_length=1)
    instance_id: str | None = Field(default=None, max_length=64)
    status: Literal["ok", "changed", "failed", "unreachable"]
    counts: HostCounts
    tasks: tuple[TaskResult, ...] = ()
    tasks_omitted: int = Field(default=0, ge=0, le=MOST_TASKS)
    shortened: bool = False
    started_at: AwareDatetime
    ended_at: AwareDatetime

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


class HostClaim(HostDetail):
    """A host result with what EventBridge says of its sender. `at` is the entry's time, which its sender may set."""

    event_id: str
    account: str
    at: datetime
    source: str = HOST_SOURCE


type Claim = BuildEvent | HostClaim


def read_claim(event: Mapping[str, Any]) -> Claim | NotOurs:
    """Read a raw EventBridge event. Raises Misconfigured when it has no envelope."""
    envelope = read_envelope(event)
    if envelope.source not in (HOST_SOURCE, CHECK_SOURCE) or envelope.detail_type != HOST_DETAIL_TYPE:
        return read_build_event(event)
    try:
        return _host_claim(envelope)
    except ValidationError as error:
        return NotOurs(reason=faults_of(error), malformed=True)


def _host_claim(envelope: Envelope) -> HostClaim:
    detail = HostDetail.model_validate(envelope.detail)
    return HostClaim.model_validate(
        detail.model_dump()
        | {"event_id": envelope.id, "account": envelope.account, "at": envelope.time, "source": envelope.source}
    )
