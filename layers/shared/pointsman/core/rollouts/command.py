"""Commands of people: what each one changes, or why it is refused. Pure functions of stored state and time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import DecodeError, Meta
from redaction import Redactor

from pointsman.core.cancellation import Cancellation, CommandId
from pointsman.core.delivery import OLDEST_PUSH
from pointsman.core.model import Rollout, RolloutId, RolloutState, Run, RunState, TargetName, TargetQueue
from pointsman.core.ports import Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.accept import is_requested
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.rollouts.transitions import about_rollout, cancelled_by
from pointsman.core.text import join_first, one_line
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutCancelled, RolloutRetried
from pointsman.core.value import Value
from pointsman.errors import Rejected

REASON_LENGTH = 500  # characters


type RequestedTarget = Annotated[TargetName, Meta(pattern=r"^[a-z0-9-]{1,50}/[a-z0-9-]{1,30}\Z")]


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
    targets: Annotated[
        tuple[RequestedTarget, ...], Meta(max_length=1000)
    ] = ()  # empty: every target that did not succeed
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
class CommandResult:
    """What becomes of a command: its event, and the transition to write with it, or none if it is refused."""

    event: CommandEvent
    transition: Transition | None = None


def cancel(command: Command, rollout: Rollout) -> CommandResult:
    """Cancel an open rollout."""
    if rollout.state.ended:
        return refuse(command, rollout, f"the rollout has ended: {rollout.state}")
    if rollout.cancellation:
        return refuse(command, rollout, f"the rollout was already {cancelled_by(rollout.cancellation)}")
    request = command.request
    event = RolloutCancelled(**_about(command, rollout), reason=request.reason)
    cancellation = Cancellation(command=request.id, caller=command.caller, at=command.at, reason=request.reason)
    return CommandResult(event, Transition(rollout=rollout.replace(cancellation=cancellation), events=(event,)))


def retry(
    command: Command,
    rollout: Rollout,
    runs: Iterable[Run],
    queues: Mapping[str, TargetQueue],
    failed_hosts: Mapping[TargetName, tuple[str, ...]],
) -> CommandResult:
    """Repeat the runs that ended without success, unless a newer commit has run on their target since.

    `failed_hosts` has the hosts to which a retry is limited, by target. Other targets are retried as a whole.
    """
    if reason := _reason_against(command, rollout):
        return refuse(command, rollout, reason)
    present = {target.name for target in rollout.spec.targets}
    newest = {name: run for name, run in latest(runs).items() if name in present}
    wanted = tuple(dict.fromkeys(command.request.targets)) or tuple(newest)
    if unknown := [name for name in wanted if name not in newest]:
        return refuse(command, rollout, f"the rollout has no run on {join_first(unknown)}")
    left_out = {name: reason for name in wanted if (reason := _reason_to_leave_out(rollout, newest[name], queues))}
    retried = [newest[name] for name in wanted if name not in left_out]
    if not retried:
        return refuse(command, rollout, f"there is nothing to retry: {_summary(left_out)}")
    hosts = {run.target.name: failed_hosts[run.target.name] for run in retried if run.target.name in failed_hosts}
    event = RolloutRetried(
        **_about(command, rollout),
        reason=command.request.reason,
        retried=tuple(run.target.name for run in retried),
        hosts={str(name): names for name, names in hosts.items()},
        left_out={str(name): left_out[name] for name in command.request.targets if name in left_out},
    )
    return CommandResult(event, Transition(rollout=_reopen(rollout, retried, hosts), events=(event,)))


def _reason_against(command: Command, rollout: Rollout) -> str | None:
    """Why nothing of the rollout is retried."""
    if rollout.cancellation and not rollout.state.ended:
        return "the rollout is being cancelled: wait until its builds have stopped"
    age = command.at - rollout.ordering_time
    if age > OLDEST_PUSH:  # nobody remembers for ever which commit has held a target
        return f"its push is {age.days} days old, more than the limit of {OLDEST_PUSH.days} days: push again"
    return None


def _reason_to_leave_out(rollout: Rollout, run: Run, queues: Mapping[str, TargetQueue]) -> str | None:
    """Why a target is not retried."""
    if not run.state.ended or is_requested(rollout, run):
        return "its run has not ended"
    if run.state is RunState.SUCCEEDED:
        return "its run has succeeded"
    if target_queue.is_outdated(rollout, run, queues[run.queue]):
        return "a newer commit of the route has held the target since"
    return None


def _summary(left_out: Mapping[TargetName, str]) -> str:
    """The reasons, each with its targets."""
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{join_first(names)}: {reason}" for reason, names in reasons.items())


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


def refuse(command: Command, rollout: Rollout, reason: str) -> CommandResult:
    """Refuse a command."""
    return CommandResult(CommandRefused(**_about(command, rollout), name=command.request.name, reason=reason))


def _about(command: Command, rollout: Rollout) -> dict[str, Any]:
    return about_rollout(rollout, command.at) | {"actor": command.caller, "command": command.request.id}
