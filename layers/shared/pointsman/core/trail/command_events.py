"""The trail's events of commands, such as `pointsman rollout cancel`."""

import msgspec

from pointsman.core.trail.event import Event

COMMAND = "Command#"  # the beginning of every command's key


class CommandEvent(Event, kw_only=True, frozen=True):
    """The fields of every event of a command. `actor` is who sent it: the ARN that IAM verified."""

    command: str  # the id that its sender chose
    reason: str  # the sender's; of a refused command: why it was refused

    @property
    def key(self) -> str:
        """One per command, whatever became of it."""
        return f"{COMMAND}{self.command}"


class RolloutCancelled(CommandEvent, kw_only=True, frozen=True):
    """A person cancelled a rollout: nothing of it starts any more, and what is running stops."""


class RolloutRetried(CommandEvent, kw_only=True, frozen=True):
    """A person had the runs on the targets of `retried` repeated."""

    retried: tuple[str, ...]
    # By target: the hosts to which the run is limited, if it is; and why a target that was named is left out.
    hosts: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    left_out: dict[str, str] = msgspec.field(default_factory=dict)


class CommandRefused(CommandEvent, kw_only=True, frozen=True):
    """A command was refused, and changed nothing."""

    name: str  # "cancel" or "retry"
