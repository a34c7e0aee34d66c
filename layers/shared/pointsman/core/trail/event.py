"""The base of the trail's events, which `events.py` has."""

from datetime import datetime
from typing import Literal

from pointsman.core.trail.keys import rollout_partition
from pointsman.core.value import Value


class Event(Value, kw_only=True, frozen=True, tag_field="type", tag=True):
    """The fields of every event. The index finds it by most of them."""

    version: Literal[1] = 1  # of the event's form
    at: datetime  # when it happened, in ISO 8601 and UTC
    # Login of the person who pushed; of a command or an erratum, the ARN of who sent it; of a new instance, aws.ec2.
    actor: str | None = None
    repository: str | None = None  # "acme/infra"
    commit: str | None = None  # its whole SHA
    route: str | None = None  # name of the route
    rollout: str | None = None  # id of the rollout: "r-3f2a9c0d1e2b4a56"
    target: str | None = None  # "dev/eu-west-1"
    host: str | None = None  # name of the host in the inventory

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
