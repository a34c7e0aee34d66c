"""The parts of a host's result: Ansible's recap, and each task that changed the host or failed on it."""

from typing import Literal

from pydantic import Field

from pointsman.core.model import Value


class HostCounts(Value):
    """The number of tasks in Ansible's recap of one host."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0


class TaskResult(Value):
    """One task that changed a host or failed on it."""

    name: str
    role: str | None = None
    path: str  # "roles/app/tasks/main.yml:12"
    action: str
    status: Literal["changed", "failed", "unreachable"]
    message: str | None = None
    diff: str | None = None  # unified, redacted
    duration_seconds: float = Field(allow_inf_nan=False)
    ignored: bool = False  # it failed, but ignore_errors or ignore_unreachable is set
    rescued: bool = False  # it failed, and a rescue section handled that
    on_behalf_of: str | None = None  # the inventory host for which a delegated task ran on this host
    delegated_to: str | None = None  # the host on which this inventory host's delegated task failed
