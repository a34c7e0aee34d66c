"""The trail's events of drift (docs/drift.md). They are in the partition of the rollout that checked."""

from datetime import datetime

from pointsman.core.trail.event import Event
from pointsman.core.value import Value

DRIFT = "Drift"  # the beginning of the keys of both


class DriftingTask(Value, kw_only=True, frozen=True):
    """A task that would change a host, redacted as in HostResultRecorded."""

    name: str
    role: str | None = None
    path: str  # "roles/app/tasks/main.yml:12"
    action: str  # the module: "ansible.builtin.template"


class DriftEvent(Event, kw_only=True, frozen=True):
    """The fields of both. `commit` is the one that the check compared with, `rollout` is the check."""

    since: datetime  # when a check first found that the host differs

    @classmethod
    def beginning(cls, target: str) -> str:
        """The beginning of the keys of all events of this type about one target."""
        return f"{cls.__name__}#{target}#"

    @property
    def key(self) -> str:
        """One per check and host. The rollout is in the partition."""
        return f"{self.beginning(str(self.target))}{self.host}"


class DriftDetected(DriftEvent, kw_only=True, frozen=True):
    """A scheduled check has found that a host differs from the last commit that succeeded there.

    It is recorded when that begins (`at` is `since`) and when other tasks than before would change something.
    """

    instance_id: str | None = None  # of EC2, where the inventory names it
    tasks: tuple[DriftingTask, ...]
    tasks_omitted: int = 0  # how many had no room


class DriftResolved(DriftEvent, kw_only=True, frozen=True):
    """A host no longer drifts, or is no longer checked."""

    reason: str
