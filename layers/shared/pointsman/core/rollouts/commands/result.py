"""A command with its verified sender, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pointsman.core.identity import principal_name
from pointsman.core.model import Rollout, TargetName
from pointsman.core.ports import Transition
from pointsman.core.rollout_facts import Override
from pointsman.core.rollouts.commands.forms import CommandForm, Resume, Retry, RollBack, RunByHand
from pointsman.core.rollouts.transitions import about_rollout
from pointsman.core.text import join_first
from pointsman.core.trail.command_events import CommandEvent, CommandRefused


@dataclass(frozen=True)
class Command[Form: CommandForm]:
    """A command, with the ARN of the principal that IAM verified and the time of its arrival."""

    form: Form
    caller: str
    at: datetime
    login: str | None = None  # the caller's login of GitHub, by routes.yaml

    @property
    def who(self) -> str:
        """The caller, for people."""
        return self.login or principal_name(self.caller)

    def because(self, text: str) -> str:
        """`text`, with the caller's reason."""
        return f"{text} by {self.who}{f': {self.form.reason}' if self.form.reason else ''}"

    def override(self) -> Override:
        """The caller's decision to run in a freeze."""
        return Override(command=self.form.id, caller=self.caller, at=self.at, reason=self.form.reason)


@dataclass(frozen=True)
class CommandResult:
    """What becomes of a command: its event, and the transition to write with it, or none if it is refused."""

    event: CommandEvent
    transition: Transition | None = None


def reason_against_override(form: Retry | Resume | RollBack | RunByHand) -> str | None:
    """Why a freeze cannot be overridden by a command."""
    return "overriding a freeze needs a reason: give one" if form.override_freeze and not form.reason else None


def refuse(command: Command[Any], rollout: Rollout | None, reason: str) -> CommandResult:
    """Refuse a command."""
    return CommandResult(CommandRefused(**about_command(command, rollout) | {"reason": reason}, name=command.form.name))


def about_command(command: Command[Any], rollout: Rollout | None) -> dict[str, Any]:
    """The fields of every event of a command."""
    about = about_rollout(rollout, command.at) if rollout else {"at": command.at}
    return about | {
        "actor": command.caller,
        "login": command.login,
        "command": command.form.id,
        "reason": command.form.reason,
    }


def summary(left_out: Mapping[TargetName, str]) -> str:
    """The reasons why targets are left out, each with its targets."""
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{join_first(names)}: {reason}" for reason, names in reasons.items())
