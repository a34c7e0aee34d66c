"""`retry`: the runs that ended without success run again, and a rollout that halted or was cancelled goes on."""

from collections.abc import Iterable, Mapping

from pointsman.core.delivery import OLDEST_PUSH
from pointsman.core.model import Rollout, Run, RunState, TargetName, TargetQueue
from pointsman.core.ports import Transition
from pointsman.core.rollouts import target_queue
from pointsman.core.rollouts.accept import is_requested, reopened
from pointsman.core.rollouts.commands.forms import Retry
from pointsman.core.rollouts.commands.result import (
    Command,
    CommandResult,
    about_command,
    reason_against_override,
    refuse,
    summary,
)
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.gates import overdue
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.rollouts.route_line import bad_since, wanted_again
from pointsman.core.route_state import RouteState
from pointsman.core.text import join_first
from pointsman.core.trail.command_events import RolloutRetried


def retry(
    command: Command[Retry],
    rollout: Rollout,
    runs: Iterable[Run],
    queues: Mapping[str, TargetQueue],
    route: RouteState,
    failed_hosts: Mapping[TargetName, tuple[str, ...]],
) -> CommandResult:
    """Repeat the runs that ended without success, unless a newer commit has run on their target since.

    A rollout that halted or was cancelled goes on: its gate is evaluated anew, and the waves that have not started
    follow. `failed_hosts` has the hosts to which a retry is limited, by target. Other targets are retried as a whole.
    """
    if reason := _reason_against(command, rollout, route):
        return refuse(command, rollout, reason)
    present = {target.name for target in rollout.spec.targets}
    newest = {name: run for name, run in latest(runs).items() if name in present}
    wanted = tuple(dict.fromkeys(command.form.targets)) or tuple(newest)
    if unknown := [name for name in wanted if name not in newest]:
        later = ": it starts with its wave" if present.issuperset(unknown) else ""
        return refuse(command, rollout, f"the rollout has no run on {join_first(unknown)}{later}")
    left_out = {name: reason for name in wanted if (reason := _reason_to_leave_out(rollout, newest[name], queues))}
    retried = [newest[name] for name in wanted if name not in left_out]
    is_halfway = ending_of(rollout) is not None and present != set(newest)
    goes_on = is_halfway and not command.form.targets
    if not retried and not goes_on:
        return refuse(command, rollout, f"there is nothing to retry: {summary(left_out)}")
    hosts = {run.target.name: failed_hosts[run.target.name] for run in retried if run.target.name in failed_hosts}
    event = RolloutRetried(
        **about_command(command, rollout),
        retried=tuple(run.target.name for run in retried),
        hosts={str(name): names for name, names in hosts.items()},
        left_out={str(name): left_out[name] for name in command.form.targets if name in left_out},
        overrides_freeze=command.form.override_freeze,
    )
    again = reopened(rollout, {run.target.name: run.attempt + 1 for run in retried}, hosts, now=command.at)
    if command.form.override_freeze:
        again = again.replace(freeze_override=command.override())
    listed = wanted_again(route, again) if again.is_of_whole_route else None
    return CommandResult(event, Transition(rollout=again, route=listed, events=(event,)))


def _reason_against(command: Command[Retry], rollout: Rollout, route: RouteState) -> str | None:
    """Why nothing of the rollout is retried."""
    if rollout.rollback and rollout.rollback.parts:
        return "the rollout was rolled back: push a new commit, or use `pointsman run`"
    if bad_since(route, rollout):
        return f"commit {rollout.change.after[:7]} was rolled back: push a new commit, or use `pointsman run`"
    if reason := reason_against_override(command.form):
        return reason
    if rollout.cancellation and not rollout.state.ended:
        return "the rollout is being cancelled: wait until its builds have stopped"
    if rollout.hold and (reason := overdue(rollout, command.at)):
        return reason
    age = command.at - max(rollout.created_at, rollout.ordering_time)  # a rollback is as new as its command
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
