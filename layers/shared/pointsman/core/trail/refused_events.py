"""The trail's events of what was not recorded: the sender may not report it, or sent too much."""

from pointsman.core.trail.event import Event
from pointsman.core.trail.keys import build_partition, rejected_day_partition, rejected_partition


class EventRejected(Event, kw_only=True, frozen=True):
    """An event was rejected: its sender may not report what it says, or it is invalid."""

    event_id: str  # of EventBridge
    source: str  # of EventBridge, such as "pointsman.ansible"
    detail_type: str  # of EventBridge, such as "HostResultRecorded"
    sender_account: str  # the account that sent it
    reason: str  # what is wrong

    @property
    def partition(self) -> str:
        """The event's own, apart from the rollout that it names."""
        return rejected_partition(self.event_id)

    @property
    def key(self) -> str:
        """One per event."""
        return self.type


class RecordingCapped(Event, kw_only=True, frozen=True):
    """A build, or an account on one day, exceeded the limit of events. Later ones are not recorded."""

    sender_account: str  # the account that sent them
    build_arn: str | None = None  # none: the limit of an account and day
    reason: str  # which limit

    @property
    def partition(self) -> str:
        """The partition of the recorded events: the rollout's, the build's or the day's."""
        if self.rollout:
            return super().partition
        if self.build_arn:
            return build_partition(self.build_arn)
        return rejected_day_partition(self.sender_account, self.at.date())

    @property
    def key(self) -> str:
        """One per build, or per account and day."""
        return f"{self.type}#{self.build_arn or self.sender_account}"
