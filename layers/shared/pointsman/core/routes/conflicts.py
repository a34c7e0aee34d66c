"""Warn about routes that conflict: two that run the same playbook on a target, for one push or in turns."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from pointsman.core.model import Target
from pointsman.core.patterns.language import Filter, Language, Satisfiable
from pointsman.core.patterns.names import Names
from pointsman.core.routes.conditions import PushCondition
from pointsman.core.routes.diagnostic import Diagnostic
from pointsman.core.routes.filters import EVERY, filter_of, refs_of, repositories_of
from pointsman.core.routes.model import Route, Routes
from pointsman.core.run_options import RunOptions, merge_options
from pointsman.core.text import join_first, pluralize

MOST_STEPS = 2_000_000  # for all pairs together: a few seconds


class _Overlap(Enum):
    """How two routes reach the same target."""

    AT_ONE_PUSH = "at one push"
    ACROSS_REFS = "across refs"  # no branch and no tag matches both
    ACROSS_REPOSITORIES = "across repositories"
    NOT_AT_ALL = "not at all"  # or it cannot be decided


@dataclass(frozen=True, slots=True)
class _Action:
    """What a route does on some of its targets."""

    playbook: str  # from the repository's root
    tags: frozenset[str]  # empty: all
    skip_tags: frozenset[str]
    limit: str  # the route's; empty: every host
    inventory: frozenset[str]  # empty: Pointsman's, which has every host

    def overlaps(self, other: "_Action") -> bool:
        """Whether both may run the same task on the same host."""
        return (
            self.playbook == other.playbook
            and not (self.tags and other.tags and self.tags.isdisjoint(other.tags))
            and not (self.tags and self.tags <= other.skip_tags)
            and not (other.tags and other.tags <= self.skip_tags)
            and not (self.inventory and other.inventory and self.inventory.isdisjoint(other.inventory))
            and not (self.limit and other.limit and self.limit != other.limit)
        )


@dataclass(frozen=True, slots=True)
class _PushRoute:
    """A route that handles pushes. A set of targets is an integer with one bit for each."""

    index: int
    route: Route
    repositories: Filter
    refs: dict[str, Filter]  # for branches and tags, if any of them match
    files: Filter
    actions: dict[_Action, int]


def find_conflicts(routes: Routes) -> Iterator[Diagnostic]:
    """Report conflicts at the later of two routes, once for each kind of overlap with earlier routes."""
    language = Language(MOST_STEPS)
    push_routes = [each for each in _push_routes(routes) if _can_run(each, language)]
    overlaps: dict[tuple[int, _Overlap], list[tuple[_PushRoute, _PushRoute]]] = {}
    for earlier, later in combinations(push_routes, 2):
        if _shared(earlier, later):
            overlap = _overlap(earlier, later, language)
            overlaps.setdefault((later.index, overlap), []).append((earlier, later))
    names: list[str] = [target.name for target in routes.all_targets]
    for (index, overlap), pairs in sorted(overlaps.items(), key=lambda each: (each[0][0], each[0][1].value)):
        if overlap is not _Overlap.NOT_AT_ALL:
            more = f"; the same applies to {len(pairs) - 1} more" if len(pairs) > 1 else ""
            yield Diagnostic(("routes", index), _describe(*pairs[0], overlap, names) + more)


def _push_routes(routes: Routes) -> Iterator[_PushRoute]:
    bits = {target.name: 1 << number for number, target in enumerate(routes.all_targets)}
    for index, route in enumerate(routes.routes):
        if push := route.on.push:
            actions: dict[_Action, int] = {}
            limits = {target.name: limit for target, limit in routes.limits_of(route)}
            for target in routes.targets_of(route):
                action = _action(route, target, limits[target.name])
                actions[action] = actions.get(action, 0) | bits[target.name]
            yield _PushRoute(
                index, route, repositories_of(route), _refs_matched(push), filter_of(push, "paths") or EVERY, actions
            )


def _refs_matched(push: PushCondition) -> dict[str, Filter]:
    filters = {key: refs_of(push, key) for key in ("branches", "tags")}
    return {
        key: wanted
        for key, wanted in filters.items()
        if wanted and Language().any_name_matching([wanted], Names.REFS) is not Satisfiable.NO
    }


def _action(route: Route, target: Target, limit: str) -> _Action:
    tags = route.tags if target.tags is None else target.tags
    options = merge_options(route.run_options(), target.options) or RunOptions()
    directory = options.directory or ""
    return _Action(
        playbook=posixpath.join(directory, target.playbook or route.playbook),
        tags=frozenset(tags),
        skip_tags=frozenset(options.skip_tags or ()),
        limit=limit,
        inventory=frozenset(posixpath.normpath(posixpath.join(directory, path)) for path in options.inventory or ()),
    )


def _can_run(push_route: _PushRoute, language: Language) -> bool:
    return (
        bool(push_route.refs)
        and language.any_name_matching([push_route.repositories], Names.REPOSITORIES) is not Satisfiable.NO
        and language.any_name_matching([push_route.files]) is not Satisfiable.NO
    )


def _shared(one: _PushRoute, other: _PushRoute) -> int:
    """The targets on which both may run the same tasks."""
    shared = 0
    for action, targets in one.actions.items():
        for other_action, other_targets in other.actions.items():
            if action.overlaps(other_action):
                shared |= targets & other_targets
    return shared


def _overlap(one: _PushRoute, other: _PushRoute, language: Language) -> _Overlap:
    repositories = language.any_name_matching([one.repositories, other.repositories], Names.REPOSITORIES)
    if repositories is Satisfiable.NO:
        return _Overlap.ACROSS_REPOSITORIES
    refs = _any_common_ref(one, other, language)
    if refs is Satisfiable.NO:
        return _Overlap.ACROSS_REFS
    files = language.any_name_matching([one.files, other.files])
    # Two routes for different files of one branch divide the work, which is normal.
    return _Overlap.AT_ONE_PUSH if {repositories, refs, files} == {Satisfiable.YES} else _Overlap.NOT_AT_ALL


def _any_common_ref(one: _PushRoute, other: _PushRoute, language: Language) -> Satisfiable:
    answers = {
        language.any_name_matching([one.refs[key], other.refs[key]], Names.REFS)
        for key in one.refs
        if key in other.refs
    }
    return next((answer for answer in (Satisfiable.YES, Satisfiable.UNDECIDED) if answer in answers), Satisfiable.NO)


# --- messages -------------------------------------------------------------------------------------------------------


def _describe(earlier: _PushRoute, later: _PushRoute, overlap: _Overlap, names: list[str]) -> str:
    shared = _shared(earlier, later)
    targets = [name for number, name in enumerate(names) if shared >> number & 1]
    playbook = next(each.playbook for each in later.actions if any(each.overlaps(other) for other in earlier.actions))
    count = f"{pluralize(len(targets), 'target')} ({join_first(targets)})"
    first, second = f"`{earlier.route.name}`", f"`{later.route.name}`"
    if overlap is _Overlap.AT_ONE_PUSH:
        return f"one push can start both {first} and {second}, which run {playbook} one after the other on {count}"
    sources = [
        f"{name} ({join_first(each.route.repository) if overlap is _Overlap.ACROSS_REPOSITORIES else _refs(each)})"
        for name, each in ((first, earlier), (second, later))
    ]
    return (
        f"{' and '.join(sources)} both run {playbook} on {count}: "
        "each push to one may undo what the last push to the other did"
    )


def _refs(push_route: _PushRoute) -> str:
    """`branches main, release/*`, `branches but main and tags v*`, `every tag`."""
    return " and ".join(_ref(key, wanted) for key, wanted in push_route.refs.items())


def _ref(key: str, wanted: Filter) -> str:
    if wanted == EVERY:
        return f"all {key}"
    return f"{'all ' if wanted.ignores else ''}{key} {'but ' if wanted.ignores else ''}{join_first(wanted.texts)}"
