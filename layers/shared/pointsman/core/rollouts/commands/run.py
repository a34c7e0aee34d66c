"""`run`: a commit on a route, or on a part of it, by hand."""

from collections.abc import Sequence

from pointsman.core.change import Change
from pointsman.core.identity import request_id_of, rollout_id
from pointsman.core.model import Mode, Target
from pointsman.core.ports import Transition
from pointsman.core.rollout_plan import OnFailure, RolloutPlan
from pointsman.core.rollouts import overtaking, route_line
from pointsman.core.rollouts.commands.forms import RunByHand
from pointsman.core.rollouts.commands.result import (
    Command,
    CommandResult,
    about_command,
    reason_against_override,
    refuse,
)
from pointsman.core.rollouts.requests import requested
from pointsman.core.route_state import RouteState
from pointsman.core.routes.compiled import CompiledRoute
from pointsman.core.routes.limits import limit_error, narrowed, narrowing_error
from pointsman.core.routing.decide import rollout_spec
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.text import join_first
from pointsman.core.trail.command_events import RolloutRequested


def run_by_hand(
    command: Command[RunByHand],
    route: CompiledRoute,
    targets: Sequence[Target],
    state: RouteState,
    known: Change,
    load: overtaking.Load,
) -> CommandResult:
    """Run a commit by hand. `known` is its change or, if no rollout of the route has brought it, another's.

    `load` reads a rollout that it may overtake.
    """
    form = command.form
    names = [target.name for target in targets]
    if unknown := [name for name in form.targets if name not in names]:
        return refuse(command, None, f"the route has no target {join_first(unknown)}: it has {join_first(names)}")
    if reason := reason_against_override(form):
        return refuse(command, None, reason)
    chosen = [target for target in targets if not form.targets or target.name in form.targets]
    if reason := _reason_against_limit(form.limit, chosen):
        return refuse(command, None, reason)
    if form.limit:
        chosen = [target.replace(limit=narrowed(target.limit, form.limit)) for target in chosen]
    mode = Mode.CHECK if form.check else Mode.APPLY
    request = RunRequest(
        id=request_id_of(form.id, command.caller),
        trigger=Trigger.PERSON,
        actor=command.caller,
        reason=form.reason or "run by hand",
        is_limited=bool(form.limit),
        is_subset=len(chosen) < len(targets),
    )
    change = _change(known, form.commit, command.who)
    spec = rollout_spec(route, rollout_id(change.repository_id, route.name, change.after, mode), tuple(chosen))
    spec = spec.replace(mode=mode, plan=None if form.check else spec.plan)
    if form.limit:  # it is not the commit of the target, so it neither supersedes one nor is superseded
        spec = spec.replace(concurrency_group=f"{route.name}#{request.id}", plan=_without_rollback(spec.plan))
    rollout, started = requested(change, spec, request, command.at)
    if form.override_freeze:
        rollout = rollout.replace(freeze_override=command.override())
    event = RolloutRequested(
        **about_command(command, rollout),
        targets=tuple(str(target.name) for target in chosen),
        limit=form.limit,
        overrides_freeze=form.override_freeze,
    )
    started = started.replace(overtakes=overtaking.overtaken_by(state, rollout, load))
    listed = route_line.run_again(state, rollout) if rollout.is_of_whole_route else None
    return CommandResult(event, Transition(rollout=rollout, route=listed, events=(event, started)))


def _reason_against_limit(limit: str, targets: Sequence[Target]) -> str | None:
    """Why a run cannot be limited to these hosts of its targets."""
    if reason := limit_error(limit):
        return f"the limit {reason}"
    reasons = ((target, narrowing_error(target.limit, limit)) for target in targets)
    return next((f"target {target.name}: {reason}" for target, reason in reasons if reason), None)


def _without_rollback(plan: RolloutPlan | None) -> RolloutPlan | None:
    """The plan of a run on some hosts: if it fails, that does not say that the commit is bad for the route."""
    return plan.replace(on_failure=OnFailure.HALT) if plan and plan.on_failure is OnFailure.ROLLBACK else plan


def _change(known: Change, commit: str | None, requester: str) -> Change:
    """The change of a commit. Of one that no rollout has brought, only the repository is known."""
    if commit is None or commit == known.after:
        return known
    page = known.url.rpartition("/commit/")[0]
    return known.replace(
        before="0" * 40,
        after=commit,
        created=False,
        forced=False,
        pull_request=None,
        actor=requester,
        actor_id=None,
        author="",
        author_login=None,
        committer=None,
        committer_login=None,
        co_authors=(),
        merges=None,
        authors=None,
        unknown_authors=(),
        earlier_actors=(),
        title=f"commit {commit[:7]}, run by hand",
        url=f"{page}/commit/{commit}" if page else known.url,
        compare_url=f"{page}/commit/{commit}" if page else known.url,
        files=(),
        files_total=None,
    )
