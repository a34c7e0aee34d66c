"""Commands that change one fact of a rollout: cancel, approve, reject, hold and resume."""

from collections.abc import Callable
from datetime import timedelta

from pointsman.core.cancellation import Cancellation
from pointsman.core.model import Rollout, Run, WhenBusy
from pointsman.core.ports import Transition
from pointsman.core.rollout_facts import GateApproval, Halt, HaltKind, Hold, OpenGate
from pointsman.core.rollout_plan import ApprovalRule
from pointsman.core.rollouts.commands.authors import reason_against_author
from pointsman.core.rollouts.commands.forms import Approve, Cancel, HoldRollout, Reject, Resume
from pointsman.core.rollouts.commands.result import (
    Command,
    CommandResult,
    about_command,
    reason_against_override,
    refuse,
)
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.gates import after_hold, approval_until, overdue
from pointsman.core.rollouts.overtaking import not_reached
from pointsman.core.rollouts.route_line import rolled_back_since, was_rolled_back, with_hold
from pointsman.core.rollouts.transitions import about_rollout
from pointsman.core.route_state import RouteState
from pointsman.core.text import join_first
from pointsman.core.trail.command_events import (
    RolloutApproved,
    RolloutCancelled,
    RolloutHeld,
    RolloutRejected,
    RolloutResumed,
)
from pointsman.core.trail.wave_events import RolloutHalted


def cancel(command: Command[Cancel], rollout: Rollout) -> CommandResult:
    """Cancel an open rollout."""
    if rollout.state.ended:
        return refuse(command, rollout, f"the rollout has ended: {rollout.state}")
    if rollout.rollback:
        reason = "the rollout is being rolled back already: nothing more of it starts, and its builds are being stopped"
        return refuse(command, rollout, reason)
    if rollout.cancellation and (ending := ending_of(rollout)):
        return refuse(command, rollout, f"the rollout was already {ending.reason}")
    form = command.form
    event = RolloutCancelled(**about_command(command, rollout))
    cancellation = Cancellation(command=form.id, caller=command.caller, at=command.at, reason=form.reason)
    cancelled = rollout.replace(cancellation=cancellation, hold=None, gate=None, wait=None)
    return CommandResult(event, Transition(rollout=cancelled, events=(event,)))


def approve(
    command: Command[Approve], rollout: Rollout, route: RouteState, login_of: Callable[[str], str | None]
) -> CommandResult:
    """Approve a rollout at its gate, for one wave and the exact commit."""
    if reason := _reason_against_gate(command, rollout) or _reason_against_approval(command, rollout, route, login_of):
        return refuse(command, rollout, reason)
    gate = rollout.gate or OpenGate(opened_at=command.at)
    login = str(command.login)
    approval = GateApproval(command=command.form.id, caller=command.caller, login=login, at=command.at)
    event = RolloutApproved(**about_command(command, rollout), wave=command.form.wave)
    approved = rollout.replace(gate=gate.replace(approval=approval))
    return CommandResult(event, Transition(rollout=approved, events=(event,)))


def reject(command: Command[Reject], rollout: Rollout, runs: tuple[Run, ...]) -> CommandResult:
    """Halt a rollout at its gate."""
    if reason := _reason_against_gate(command, rollout):
        return refuse(command, rollout, reason)
    halt = Halt(kind=HaltKind.REJECTED, reason=command.because("rejected"), at=command.at)
    event = RolloutRejected(**about_command(command, rollout), wave=command.form.wave)
    halted = RolloutHalted(
        **about_rollout(rollout, command.at),
        kind=halt.kind,
        reason=halt.reason,
        wave=rollout.waves_started,
        round=rollout.round,
        not_started=tuple(map(str, not_reached(rollout, runs))),
    )
    stopped = rollout.replace(halt=halt, hold=None, gate=None, wait=None)
    return CommandResult(event, Transition(rollout=stopped, events=(event, halted)))


def hold(command: Command[HoldRollout], rollout: Rollout, route: RouteState) -> CommandResult:
    """Hold an open rollout."""
    if reason := _reason_against_change(rollout) or overdue(rollout, command.at):
        return refuse(command, rollout, reason)
    if rollout.hold:
        return refuse(command, rollout, f"the rollout is already held until {rollout.hold.until:%Y-%m-%d %H:%M} UTC")
    form, until = command.form, command.at + timedelta(seconds=command.form.seconds)
    event = RolloutHeld(**about_command(command, rollout), until=until)
    by = Hold(command=form.id, caller=command.caller, at=command.at, until=until, reason=form.reason)
    held = rollout.replace(hold=by)
    return CommandResult(event, Transition(rollout=held, route=with_hold(route, held), events=(event,)))


def resume(command: Command[Resume], rollout: Rollout, route: RouteState) -> CommandResult:
    """End the hold of a rollout, or let it run in a freeze."""
    if reason := _reason_against_change(rollout) or overdue(rollout, command.at):
        return refuse(command, rollout, reason)
    overrides = command.form.override_freeze
    if not rollout.hold and not overrides:
        return refuse(command, rollout, "the rollout is not held: to run it in a freeze, override the freeze")
    if reason := reason_against_override(command.form):
        return refuse(command, rollout, reason)
    event = RolloutResumed(**about_command(command, rollout), overrides_freeze=overrides)
    override = command.override() if overrides else rollout.freeze_override
    gate = after_hold(rollout, command.at)
    wait = None if rollout.hold else rollout.wait  # which has a bound of its own
    resumed = rollout.replace(hold=None, gate=gate, wait=wait, freeze_override=override)
    return CommandResult(event, Transition(rollout=resumed, route=with_hold(route, resumed), events=(event,)))


def _reason_against_change(rollout: Rollout) -> str | None:
    """Why nothing of the rollout can be changed any more."""
    if rollout.state.ended:
        return f"the rollout has ended: {rollout.state}"
    ending = ending_of(rollout)
    return f"nothing of the rollout starts any more: {ending.reason}" if ending else None


def _reason_against_gate(command: Command[Approve] | Command[Reject], rollout: Rollout) -> str | None:
    """Why the gate of a wave is not there to be decided on."""
    if reason := _reason_against_change(rollout):
        return reason
    wave = command.form.wave
    if not rollout.waves:
        return "the rollout has no waves, so there is no gate"
    if wave > len(rollout.waves):
        return f"the rollout has {len(rollout.waves)} waves"
    if wave < rollout.waves_started:
        return f"the gate after wave {wave} has been passed"
    if rollout.gate is None or wave > rollout.waves_started:
        return f"wave {wave} is not over yet: wait until the rollout is at its gate"
    return None


def _reason_against_approval(
    command: Command[Approve], rollout: Rollout, route: RouteState, login_of: Callable[[str], str | None]
) -> str | None:
    """Why this caller cannot approve the open gate now."""
    policy, opened = rollout.waves[rollout.waves_started - 1].after, rollout.gate
    if policy is None or policy.approval is None or opened is None:
        return "the gate needs no approval"
    if command.form.commit != rollout.change.after:
        return f"the rollout is of commit {rollout.change.after[:7]}, and the approval of {command.form.commit[:7]}"
    if opened.approval:
        return f"the gate was already approved by {opened.approval.login}"
    if at := rolled_back_since(route, rollout):
        return f"{was_rolled_back(rollout, at)}: run it again, if you want it all the same"
    newest = route.newest
    can_be_superseded = rollout.is_of_whole_route and rollout.spec.when_busy is not WhenBusy.QUEUE
    if newest and can_be_superseded and newest.ordering_time > rollout.ordering_time:
        return f"{newest.rollout}, a newer commit of the route, supersedes the rollout"
    if command.at >= approval_until(policy, opened, rollout.hold):
        return "the time for an approval is over: retry the rollout"
    return _reason_against_person(command, rollout, route, policy.approval, login_of)


def _reason_against_person(
    command: Command[Approve],
    rollout: Rollout,
    route: RouteState,
    rule: ApprovalRule,
    login_of: Callable[[str], str | None],
) -> str | None:
    if command.login is None:
        return f"routes.yaml has no login for {command.caller}: add it to `people`, and deploy"
    login = command.login.lower()
    if login not in {name.lower() for name in rule.by}:
        return f"{command.login} may not approve it, only {join_first(list(rule.by))}"
    return reason_against_author(command.login, rollout, route, login_of) if rule.not_author else None
