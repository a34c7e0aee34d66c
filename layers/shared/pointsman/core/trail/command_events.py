"""The trail's events of commands, such as `pointsman rollout cancel`."""

import msgspec

from pointsman.core.trail.event import Event


class CommandEvent(Event, kw_only=True, frozen=True):
    """The fields of every event of a command. `actor` is who sent it: the ARN that IAM verified."""

    command: str  # the id that its sender chose
    reason: str  # the sender's; of a refused command: why it was refused

    @property
    def key(self) -> str:
        """One per command."""
        return f"{self.type}#{self.command}"


class RolloutCancelled(CommandEvent, kw_only=True, frozen=True):
    """A person cancelled a rollout: nothing of it starts any more, and what is running stops."""


class RolloutRetried(CommandEvent, kw_only=True, frozen=True):
    """A person had the runs on the targets of `retried` repeated."""

    retried: tuple[str, ...]
    hosts: dict[str, tuple[str, ...]] = msgspec.field(
        default_factory=dict
    )  # by target: the hosts that the run is limited to, if it is


class CommandRefused(CommandEvent, kw_only=True, frozen=True):
    """A command was refused, and changed nothing."""

    name: str  # "cancel" or "retry"
