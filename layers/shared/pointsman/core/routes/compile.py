"""Compile routes.yaml: choose the targets of each route, and leave out what only its checks need."""

from collections.abc import Mapping

from msgspec.structs import replace

from pointsman.core.model import Target, TargetName
from pointsman.core.rollout_plan import RolloutPlan
from pointsman.core.routes.compile_plan import compile_plan
from pointsman.core.routes.compiled import (
    CompiledCondition,
    CompiledRoute,
    CompiledRoutes,
    MessageRegex,
    Place,
    TargetGroup,
)
from pointsman.core.routes.conditions import PATTERN_LISTS, Condition, PullRequestCondition
from pointsman.core.routes.model import Route, Routes
from pointsman.core.routes.values import Regex


def compile_routes(routes: Routes) -> CompiledRoutes:
    """The same routes in the form in which they are evaluated."""
    places = {target.name: index for index, target in enumerate(routes.all_targets)}
    return CompiledRoutes(
        places=tuple(
            Place(account=target.account, account_id=target.account_id, region=target.region)
            for target in routes.all_targets
        ),
        routes=tuple(
            _route(route, _groups(routes.targets_of(route), places), compile_plan(route, routes))
            for route in routes.routes
        ),
        people=routes.people,
    )


def _route(route: Route, targets: tuple[TargetGroup, ...], plan: RolloutPlan | None) -> CompiledRoute:
    return CompiledRoute(
        name=route.name,
        repository=route.repository,
        playbook=route.playbook,
        targets=targets,
        push=_condition(route.on.push),
        pull_request=_condition(route.on.pull_request),
        tags=route.tags,
        extra_vars=route.extra_vars,
        options=route.run_options(),
        skip_ci=route.skip_ci,
        when_undetermined=route.when_undetermined,
        when_busy=route.when_busy,
        new_instances=route.new_instances,
        plan=plan,
        drift_seconds=route.drift,
    )


def _condition(condition: Condition | None) -> CompiledCondition | None:
    if condition is None:
        return None
    keys = (key for name in PATTERN_LISTS for key in (name, f"{name}-ignore"))
    lists = {key: listed for key in keys if (listed := condition.list_of(key))}
    return CompiledCondition(
        lists={key: tuple(pattern.text for pattern in listed.patterns) for key, listed in lists.items()},
        actors=condition.actors,
        actors_ignore=condition.actors_ignore,
        messages=_messages(condition.messages),
        messages_ignore=_messages(condition.messages_ignore),
        types=condition.types if isinstance(condition, PullRequestCondition) else (),
    )


def _messages(messages: tuple[str | Regex, ...] | None) -> tuple[str | MessageRegex, ...] | None:
    if messages is None:
        return None
    return tuple(MessageRegex(item.regex) if isinstance(item, Regex) else item for item in messages)


def _groups(targets: tuple[Target, ...], places: Mapping[TargetName, int]) -> tuple[TargetGroup, ...]:
    """The targets by their settings."""
    groups: list[tuple[TargetGroup, list[int]]] = []
    for target in targets:
        settings = TargetGroup(
            places=(),
            wave=target.wave,
            limit=target.limit,
            playbook=target.playbook,
            tags=target.tags,
            extra_vars=target.extra_vars,
            options=target.options,
        )
        indexes = next((indexes for group, indexes in groups if group == settings), None)
        if indexes is None:
            groups.append((settings, indexes := []))
        indexes.append(places[target.name])
    return tuple(replace(group, places=tuple(indexes)) for group, indexes in groups)
