"""The trail's events of commands, such as `pointsman rollout cancel`."""

from datetime import datetime

import msgspec

from pointsman.core.rollout_facts import RollbackPart
from pointsman.core.trail.event import Event
from pointsman.core.trail.keys import command_partition

COMMAND = "Command#"  # the beginning of every command's key


class CommandEvent(Event, kw_only=True, frozen=True):
    """The fields of every event of a command. `actor` is who sent it: the ARN that IAM verified."""

    command: str  # the id that its sender chose
    login: str | None = None  # the sender's login of GitHub, by routes.yaml
    reason: str  # the sender's; of a refused command: why it was refused

    @property
    def partition(self) -> str:
        """The rollout's, or the command's own."""
        return super().partition if self.rollout else command_partition(self.command)

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
    overrides_freeze: bool = False


class RolloutApproved(CommandEvent, kw_only=True, frozen=True):
    """A person approved a rollout at the gate after a wave: the next wave may start."""

    wave: int  # from 1


class RolloutRejected(CommandEvent, kw_only=True, frozen=True):
    """A person rejected a rollout at the gate after a wave: it halts."""

    wave: int  # from 1


class RolloutHeld(CommandEvent, kw_only=True, frozen=True):
    """A person held a rollout: nothing new starts until it is resumed. Builds that are running go on."""

    until: datetime  # then it halts


class RolloutResumed(CommandEvent, kw_only=True, frozen=True):
    """A person resumed a rollout, or let it run in a freeze."""

    overrides_freeze: bool = False


class RolloutRolledBack(CommandEvent, kw_only=True, frozen=True):
    """A rollout is rolled back: on each target, what succeeded there before is applied again.

    `actor` is `pointsman.engine` if the route's `on_failure` did it. Without `parts` there was nothing to go back to.
    """

    parts: tuple[RollbackPart, ...]
    left_out: dict[str, str] = msgspec.field(default_factory=dict)  # by target: why it stays as it is
    overrides_freeze: bool = False


class RolloutRequested(CommandEvent, kw_only=True, frozen=True):
    """A person had a commit run by hand."""

    targets: tuple[str, ...]
    limit: str = ""  # an Ansible host pattern
    overrides_freeze: bool = False

    @property
    def partition(self) -> str:
        """The command's own: sent again, it must be found whatever commit is the newest by then."""
        return command_partition(self.command)


class FreezeStarted(CommandEvent, kw_only=True, frozen=True):
    """A person froze a route, targets or everything: nothing starts there."""

    scope: str  # a route's name, a target such as `prod/*`, or `*` for everything
    until: datetime  # at the latest


class FreezeEnded(CommandEvent, kw_only=True, frozen=True):
    """A person ended a freeze."""

    scope: str


class CommandRefused(CommandEvent, kw_only=True, frozen=True):
    """A command was refused, and changed nothing."""

    name: str  # such as "cancel"


_NAMES: dict[type[CommandEvent], str] = {
    RolloutCancelled: "cancel",
    RolloutRetried: "retry",
    RolloutApproved: "approve",
    RolloutRejected: "reject",
    RolloutHeld: "hold",
    RolloutResumed: "resume",
    RolloutRolledBack: "rollback",
    RolloutRequested: "run",
    FreezeStarted: "freeze",
    FreezeEnded: "unfreeze",
}


def name_of(event: CommandEvent) -> str:
    """The name of the command, such as `cancel`."""
    return event.name if isinstance(event, CommandRefused) else _NAMES[type(event)]
