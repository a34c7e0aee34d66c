"""Errors of valid rules in total: size, and limits, variables and options that must be valid together."""

import json
from collections.abc import Iterator

from pointsman.core.model import Target
from pointsman.core.rollout_plan import RolloutPlan
from pointsman.core.routes.compile_plan import compile_plan
from pointsman.core.routes.diagnostic import Diagnostic
from pointsman.core.routes.limits import narrowing_error
from pointsman.core.routes.model import Route, Routes
from pointsman.core.routes.options import options_error
from pointsman.core.routes.values import EXTRA_VARS_CHARACTERS
from pointsman.core.run_options import merge_options
from pointsman.core.text import pluralize

# A rollout is one DynamoDB item (400 KB), which contains its plan and every target of its route with its settings.
TARGETS_OF_A_ROUTE = 1_000
TARGETS_BYTES = 340_000


def size_diagnostics(routes: Routes) -> Iterator[Diagnostic]:
    """Errors of valid rules that are too large in total."""
    for index, route in enumerate(routes.routes):
        targets = routes.targets_of(route)
        location = ("routes", index)
        if len(targets) > TARGETS_OF_A_ROUTE:
            yield Diagnostic(
                (*location, "targets"), f"{len(targets)} targets: a route can have at most {TARGETS_OF_A_ROUTE}"
            )
        elif reason := _size_error(targets, compile_plan(route, routes)):
            yield Diagnostic((*location, "targets"), reason)
        for reason in (_limit_error(route, routes), _variables_error(route, targets)):
            if reason:
                yield Diagnostic((*location, "targets"), reason)
        if reason := options_error(route.run_options(), route.extra_vars):
            yield Diagnostic(location, reason)
        elif reason := _options_error_of_target(route, targets):
            yield Diagnostic((*location, "targets"), reason)


def _size_error(targets: tuple[Target, ...], plan: RolloutPlan | None) -> str | None:
    own = sum(len(target.to_json().encode()) for target in targets)
    of_plan = len(plan.to_json().encode()) if plan else 0
    if own > TARGETS_BYTES:
        return (
            f"its {len(targets)} targets with their own settings are more than {TARGETS_BYTES:,} bytes: "
            "put large data into the repository"
        )
    if own + of_plan > TARGETS_BYTES:
        return (
            f"its {len(targets)} targets ({own:,} bytes) and its {pluralize(len(plan.waves) if plan else 0, 'wave')} "
            f"({of_plan:,} bytes) are more than {TARGETS_BYTES:,} bytes: "
            "use fewer waves, alarms and approvers, or split the route"
        )
    return None


def _limit_error(route: Route, routes: Routes) -> str | None:
    """Check that Ansible can combine the limits of the target and the route."""
    for target, limit in routes.limits_of(route):
        if reason := narrowing_error(target.limit, limit):
            return f"target {target.name}: {reason}"
    return None


def _variables_error(route: Route, targets: tuple[Target, ...]) -> str | None:
    for target in targets:
        variables = route.extra_vars | (target.extra_vars or {})
        if len(json.dumps(variables)) > EXTRA_VARS_CHARACTERS:
            return f"the extra_vars of {target.name} are more than {EXTRA_VARS_CHARACTERS:,} characters in total"
    return None


def _options_error_of_target(route: Route, targets: tuple[Target, ...]) -> str | None:
    options = route.run_options()
    for target in targets:
        if target.options or target.extra_vars:
            variables = route.extra_vars | (target.extra_vars or {})
            if reason := options_error(merge_options(options, target.options), variables):
                return f"{target.name}: {reason}"
    return None
