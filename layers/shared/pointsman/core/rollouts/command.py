"""Commands of people: what each one changes, or why it is refused. Pure functions of stored state and time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import DecodeError, Meta
from redaction import Redactor

from pointsman.core.cancellation import Cancellation, CommandId
from pointsman.core.model import Rollout, RolloutId, RolloutState, Run, RunState, TargetName, TargetQueue
from pointsman.core.ports import Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.rollouts.transitions import about_rollout, cancelled_by
from pointsman.core.text import one_line
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutCancelled, RolloutRetried
from pointsman.core.value import Value
from pointsman.errors import Rejected

REASON_LENGTH = 500  # characters


class CommandName(StrEnum):
    """What a person can have done with a rollout."""

    CANCEL = "cancel"
    RETRY = "retry"


class CommandRequest(Value, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A command as its sender writes it. Sent again with the same id, it takes effect once."""

    id: Annotated[CommandId, Meta(pattern=r"^[A-Za-z0-9-]{8,64}\Z")]
    name: CommandName
    rollout: Annotated[RolloutId, Meta(pattern=r"^r-[0-9a-f]{16}\Z")]
    reason: Annotated[str, Meta(max_length=REASON_LENGTH)] = ""
    # Of a retry:
    targets: Annotated[tuple[TargetName, ...], Meta(max_length=1000)] = ()  # empty: every target that did not succeed
    failed_hosts: bool = False  # only the hosts that failed or were not reached


def read_command(body: bytes) -> CommandRequest:
    """Read the body of a command's request, without secrets in its reason. Raises Rejected (400)."""
    try:
        request = CommandRequest.read_json(body)
    except DecodeError as error:
        raise Rejected(400, f"the command cannot be read: {error}") from error
    return request.replace(reason=one_line(Redactor().redact(request.reason), REASON_LENGTH))


@dataclass(frozen=True)
class Command:
    """A request, with the ARN of the principal that IAM verified and the time of its arrival."""

    request: CommandRequest
    caller: str
    at: datetime


@dataclass(frozen=True)
class Ruling:
    """What becomes of a command: the transition to write, or why it is refused. `event` is its trail event."""

    event: CommandEvent
    transition: Transition | None = None

    @property
    def accepted(self) -> bool:
        """Whether the command takes effect."""
        return not isinstance(self.event, CommandRefused)


def cancel(command: Command, rollout: Rollout) -> Ruling:
    """Cancel an open rollout."""
    if rollout.state.ended:
        return refuse(command, rollout, f"the rollout has ended: {rollout.state}")
    if rollout.cancellation:
        return refuse(command, rollout, f"the rollout was already {cancelled_by(rollout.cancellation)}")
    request = command.request
    event = RolloutCancelled(**_about(command, rollout), reason=request.reason)
    cancellation = Cancellation(command=request.id, caller=command.caller, at=command.at, reason=request.reason)
    return Ruling(event, Transition(rollout=rollout.replace(cancellation=cancellation), events=(event,)))


def retry(
    command: Command,
    rollout: Rollout,
    runs: Iterable[Run],
    queues: Mapping[str, TargetQueue],
    failed_hosts: Mapping[TargetName, tuple[str, ...]],
) -> Ruling:
    """Repeat the runs that ended without success, unless a newer commit has run on their target since.

    `failed_hosts` has the hosts to which a retry is limited, by target. Other targets are retried as a whole.
    """
    if rollout.cancellation and not rollout.state.ended:
        return refuse(command, rollout, "the rollout is being cancelled: wait until its builds have stopped")
    newest = latest(runs)
    wanted = command.request.targets or tuple(newest)
    if unknown := [name for name in wanted if name not in newest]:
        return refuse(command, rollout, f"the rollout has no run on {', '.join(unknown)}")
    ended = [newest[name] for name in wanted if newest[name].state.ended and not _is_requested(rollout, newest[name])]
    failed = [run for run in ended if run.state is not RunState.SUCCEEDED]
    outdated = {run.target.name for run in failed if target_queue.is_outdated(rollout, run, queues[run.queue])}
    retried = [run for run in failed if run.target.name not in outdated]
    if not retried:
        return refuse(command, rollout, _why_nothing(rollout, ended, failed, wanted))
    hosts = {run.target.name: failed_hosts[run.target.name] for run in retried if run.target.name in failed_hosts}
    event = RolloutRetried(
        **_about(command, rollout),
        reason=command.request.reason,
        retried=tuple(run.target.name for run in retried),
        hosts={str(name): names for name, names in hosts.items()},
    )
    return Ruling(event, Transition(rollout=_reopen(rollout, retried, hosts), events=(event,)))


def _reopen(rollout: Rollout, retried: Iterable[Run], hosts: Mapping[TargetName, tuple[str, ...]]) -> Rollout:
    attempts = {run.target.name: run.attempt + 1 for run in retried}
    others = {name: names for name, names in rollout.attempt_hosts.items() if name not in attempts}
    return rollout.replace(
        state=RolloutState.OPEN,
        ended_at=None,
        cancellation=None,
        round=rollout.round + 1 if rollout.state.ended else rollout.round,
        attempts=rollout.attempts | attempts,
        attempt_hosts=others | dict(hosts),
    )


def _is_requested(rollout: Rollout, run: Run) -> bool:
    """Whether the next attempt was requested, and is not in its queue yet."""
    return rollout.attempts.get(run.target.name, 1) > run.attempt


def _why_nothing(rollout: Rollout, ended: list[Run], failed: list[Run], wanted: Iterable[TargetName]) -> str:
    if failed:
        return "a newer commit of this route has run on the targets since: retry that one, or push again"
    if ended or rollout.state.ended:
        return "every run has succeeded, so there is nothing to retry"
    return f"no run has ended yet on {', '.join(wanted) or 'any target'}: cancel the rollout first, or wait"


def refuse(command: Command, rollout: Rollout, reason: str) -> Ruling:
    """Refuse a command."""
    return Ruling(CommandRefused(**_about(command, rollout), name=command.request.name, reason=reason))


def _about(command: Command, rollout: Rollout) -> dict[str, Any]:
    return about_rollout(rollout, command.at) | {"actor": command.caller, "command": command.request.id}
