"""`rollback`: on each target, the last commit that succeeded there before is applied again."""

from collections.abc import Iterable, Mapping

from pointsman.core.model import Mode, Rollout, Run, TargetQueue
from pointsman.core.ports import Transition
from pointsman.core.rollout_facts import Rollback, RollbackPart
from pointsman.core.rollouts.commands.forms import RollBack
from pointsman.core.rollouts.commands.result import (
    Command,
    CommandResult,
    about_command,
    reason_against_override,
    refuse,
    summary,
)
from pointsman.core.rollouts.rollback_plan import Load, marked, plan_rollback
from pointsman.core.rollouts.route_line import opened, rolled_back
from pointsman.core.route_state import RouteState
from pointsman.core.trail.command_events import RolloutRolledBack


def roll_back(
    command: Command[RollBack],
    rollout: Rollout,
    runs: tuple[Run, ...],
    queues: Mapping[str, TargetQueue],
    route: RouteState,
    load: Load,
) -> CommandResult:
    """Roll back a rollout: cancel what is left of it, and ask for the earlier commits.

    With `plan_only` the event says what would be done, and there is no transition.
    """
    form = command.form
    if reason := _reason_against(command, rollout):
        return refuse(command, rollout, reason)
    plan = plan_rollback(rollout, runs, form.targets, queues, rolled_back(route, rollout, command.at), load)
    if not plan.parts:
        return refuse(
            command, rollout, f"there is nothing to go back to: {summary(plan.left_out) or 'it has reached no target'}"
        )
    event = RolloutRolledBack(
        **about_command(command, rollout),
        parts=plan.parts,
        left_out={str(name): reason for name, reason in plan.left_out.items()},
        overrides_freeze=form.override_freeze,
    )
    if form.plan_only:
        return CommandResult(event)
    rollback = Rollback(
        id=form.id,
        actor=command.caller,
        at=command.at,
        reason=command.because("rolled back"),
        parts=(*(rollout.rollback.parts if rollout.rollback else ()), *_named(plan.parts, form.id)),
        override=command.override() if form.override_freeze else None,
    )
    rolled = marked(rollout, rollback)
    listed = opened(route, rolled) if rolled.is_of_whole_route else route
    listed = rolled_back(listed, rolled, command.at)
    return CommandResult(event, Transition(rollout=rolled, route=listed, events=(event,)))


def _reason_against(command: Command[RollBack], rollout: Rollout) -> str | None:
    if rollout.spec.mode is Mode.CHECK:
        return "a check changes nothing, so there is nothing to roll back"
    if command.form.targets and not rollout.state.ended:
        return "it has not ended: cancel it first, or roll back all of its targets"
    if reason := reason_against_override(command.form):
        return reason
    return None


def _named(parts: Iterable[RollbackPart], command: str) -> list[RollbackPart]:
    """The parts with the command that they are of."""
    return [part.replace(rollback=command) for part in parts]
