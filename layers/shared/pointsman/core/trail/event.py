"""The base of the trail's events, which `events.py` has."""

from datetime import datetime
from typing import Literal

from pointsman.core.trail.keys import rollout_partition
from pointsman.core.value import Value


class Event(Value, kw_only=True, frozen=True, tag_field="type", tag=True):
    """The fields of every event. `actor`, `repository`, `commit`, `target` and `host` are the trail's indexes."""

    version: Literal[1] = 1
    at: datetime
    actor: str | None = None
    repository: str | None = None
    commit: str | None = None
    route: str | None = None
    rollout: str | None = None
    target: str | None = None
    host: str | None = None

    @property
    def type(self) -> str:
        """The name of the event's class, stored as `type`."""
        return type(self).__name__

    @property
    def partition(self) -> str:
        """Partition key in the trail. The stream keeps the order of a partition, such as a rollout's events."""
        return rollout_partition(str(self.rollout))

    @property
    def key(self) -> str:
        """Sort key in the trail: the same however often an event is reported."""
        raise NotImplementedError
