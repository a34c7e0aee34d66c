"""The trail's events of EC2 instances that come up (docs/new-instances.md)."""

from datetime import UTC, datetime

from pointsman.core.decision import Decision
from pointsman.core.trail.event import Event
from pointsman.core.trail.keys import instance_partition


class InstanceDecided(Event, kw_only=True, frozen=True):
    """An EC2 instance came up, and every route that configures new instances of its target has a decision."""

    instance_id: str
    launched_at: datetime  # another one after each start
    decisions: tuple[Decision, ...]

    @property
    def partition(self) -> str:
        """The instance's own."""
        return instance_partition(self.instance_id)

    @property
    def key(self) -> str:
        """One per launch and target."""
        return f"{self.type}#{self.target}#{self.launched_at.astimezone(UTC).isoformat()}"


class InstancesSkipped(Event, kw_only=True, frozen=True):
    """New instances that waited for a run of their own get none; `rollout` includes them, if there is one."""

    instances: tuple[str, ...]
    reason: str

    @property
    def partition(self) -> str:
        """The rollout's, or the first instance's."""
        return super().partition if self.rollout else instance_partition(self.instances[0])

    @property
    def key(self) -> str:
        """One per decision: each takes other instances out of the queue."""
        return f"{self.type}#{self.route}#{self.target}#{self.at.astimezone(UTC).isoformat()}"
