"""Evaluate every route: a decision with its reason, and a rollout spec if the route runs."""

from msgspec import Struct

from pointsman.core.decision import Decision, Outcome
from pointsman.core.identity import rollout_id
from pointsman.core.model import Mode, RolloutId, RolloutSpec, Target
from pointsman.core.routes.compiled import CompiledRoute, CompiledRoutes, WhenUndetermined
from pointsman.core.routing.evaluate import condition_of, evaluate_all_but_files
from pointsman.core.routing.evaluate_files import FilesEvaluator
from pointsman.core.routing.match_result import MatchResult
from pointsman.core.routing.routing_input import RoutingInput
from pointsman.core.text import one_line, pluralize


class Routing(Struct, frozen=True):
    """The decision of every route of the repository, and the specs of the rollouts that follow."""

    decisions: tuple[Decision, ...]
    specs: tuple[RolloutSpec, ...]
    needs_changed_files: bool  # the complete list of changed files might change a decision

    @property
    def reason(self) -> str:
        """A summary in one sentence."""
        running = [decision.route for decision in self.decisions if decision.runs]
        count = len(self.decisions)
        if running:
            run = "runs" if len(running) == 1 else "run"
            return f"{len(running)} of {pluralize(count, 'route')} {run}: {', '.join(running)}"
        if count == 1:
            return f"nothing runs: {self.decisions[0].reason}"
        return f"nothing runs: none of {count} routes matches"


def decide(routing_input: RoutingInput, routes: CompiledRoutes) -> Routing:
    """Evaluate every route of the input's repository. Without such routes there are no decisions."""
    files = FilesEvaluator(routing_input.files)
    decisions: list[Decision] = []
    specs: list[RolloutSpec] = []
    needs_changed_files = False
    for route in routes.of_repository(routing_input.repository):
        result, by_files = _evaluate(route, routing_input, files)
        runs, reason = _policy(route, result)
        spec = _spec(routing_input, route, routes) if runs else None
        decisions.append(
            Decision(
                route=route.name,
                outcome=result.outcome,
                runs=runs,
                held=_is_held(route, result),
                reason=reason,
                pattern=result.pattern,
                file=result.file and one_line(result.file, 1_000),
                targets=tuple(target.name for target in spec.targets) if spec else (),
                rollout=spec.rollout if spec else None,
            )
        )
        specs += [spec] if spec else []
        needs_changed_files |= by_files and _may_change(routing_input, result)
    return Routing(tuple(decisions), tuple(specs), needs_changed_files)


def accepts_action(routes: CompiledRoutes, repository: str, action: str) -> bool:
    """Whether some route of the repository accepts pull requests with this `action`."""
    conditions = [route.pull_request for route in routes.of_repository(repository)]
    return any(condition and action in condition.types for condition in conditions)


def _evaluate(route: CompiledRoute, routing_input: RoutingInput, files: FilesEvaluator) -> tuple[MatchResult, bool]:
    """Evaluate one route. Return its result, and whether the changed files decided it."""
    condition = condition_of(route, routing_input)
    results = evaluate_all_but_files(route, condition, routing_input)
    if condition is None or results[-1].outcome is not Outcome.MATCHED:
        return results[-1].after(results[:-1]), False
    of_files = files.evaluate(condition)
    if of_files is None:
        return results[-1].after(results[:-1]), False
    return of_files.after(results), True


def _may_change(routing_input: RoutingInput, result: MatchResult) -> bool:
    if result.outcome is Outcome.IGNORED:
        return routing_input.files.possible_gap is not None
    return result.outcome is Outcome.UNDETERMINED


def _policy(route: CompiledRoute, result: MatchResult) -> tuple[bool, str]:
    """Whether the route runs, and the reason, which names the policy if it applied."""
    if result.outcome is not Outcome.UNDETERMINED:
        return result.outcome is Outcome.MATCHED, result.reason
    consequences = {
        WhenUndetermined.RUN: "so it runs (when_undetermined: run)",
        WhenUndetermined.IGNORE: "so it does not run (when_undetermined: ignore)",
        WhenUndetermined.HOLD: "so it is held and does not run (when_undetermined: hold)",
    }
    return route.when_undetermined is WhenUndetermined.RUN, f"{result.reason}, {consequences[route.when_undetermined]}"


def _is_held(route: CompiledRoute, result: MatchResult) -> bool:
    return result.outcome is Outcome.UNDETERMINED and route.when_undetermined is WhenUndetermined.HOLD


def _spec(routing_input: RoutingInput, route: CompiledRoute, routes: CompiledRoutes) -> RolloutSpec:
    """The rollout of a route that runs. A pull request is only checked: it changes nothing, so it needs no plan."""
    change, pull_request = routing_input.change, routing_input.change.pull_request
    mode = Mode.CHECK if pull_request else Mode.APPLY
    spec = rollout_spec(
        route, rollout_id(change.repository_id, route.name, change.after, mode), routes.targets_of(route)
    )
    if not pull_request:
        return spec
    return without_plan(spec).replace(mode=mode, concurrency_group=f"{route.name}#{pull_request.number}")


def without_plan(spec: RolloutSpec) -> RolloutSpec:
    """The same rollout on all targets at once."""
    if spec.plan is None:
        return spec
    return spec.replace(plan=None, targets=tuple(target.replace(wave=0) for target in spec.targets))


def rollout_spec(route: CompiledRoute, rollout: RolloutId, targets: tuple[Target, ...]) -> RolloutSpec:
    """What `route` asks the engine for, on these targets."""
    return RolloutSpec(
        rollout=rollout,
        route=route.name,
        playbook=route.playbook,
        tags=route.tags,
        extra_vars=route.extra_vars,
        options=route.options,
        when_busy=route.when_busy,
        plan=route.plan,
        targets=targets,
    )
