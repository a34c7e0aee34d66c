"""Routes that would fight over a target: two that bring it the same playbook, at one push or in turns."""

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
from pointsman.core.routes.model import Route, Routes, narrowing
from pointsman.core.text import join_first

MOST_STEPS = 2_000_000  # for all pairs together: a few seconds


class _Meeting(Enum):
    """How two routes come to the same target."""

    AT_ONE_PUSH = "at one push"
    ACROSS_REFS = "across refs"  # no branch and no tag is taken by both
    ACROSS_REPOSITORIES = "across repositories"
    NOT_AT_ALL = "not at all"  # as far as can be told


@dataclass(frozen=True, slots=True)
class _Aim:
    """What a route does on some of its targets."""

    playbook: str
    tags: frozenset[str]  # empty: all
    limit: str  # the route's; empty: every host

    def meets(self, other: "_Aim") -> bool:
        """Whether some task on some host may be done by both."""
        return (
            self.playbook == other.playbook
            and not (self.tags and other.tags and self.tags.isdisjoint(other.tags))
            and not (self.limit and other.limit and self.limit != other.limit)
        )


@dataclass(frozen=True, slots=True)
class _Rival:
    """A route that takes pushes. A set of targets is a number with one bit for each."""

    index: int
    route: Route
    repositories: Filter
    refs: dict[str, Filter]  # branches and tags, each where it takes some
    files: Filter
    aims: dict[_Aim, int]


def find_conflicts(routes: Routes) -> Iterator[Diagnostic]:
    """Told at the later of two routes: once for each way to meet an earlier one, however many of them there are."""
    language = Language(MOST_STEPS)
    rivals = [rival for rival in _rivals(routes) if _ever_runs(rival, language)]
    found: dict[tuple[int, _Meeting], list[tuple[_Rival, _Rival]]] = {}
    for earlier, later in combinations(rivals, 2):
        if _shared(earlier, later):
            meeting = _meeting(earlier, later, language)
            found.setdefault((later.index, meeting), []).append((earlier, later))
    names: list[str] = [target.name for target in routes.all_targets]
    for (index, meeting), pairs in sorted(found.items(), key=lambda each: (each[0][0], each[0][1].value)):
        if meeting is not _Meeting.NOT_AT_ALL:
            more = f"; the same with {len(pairs) - 1} more" if len(pairs) > 1 else ""
            yield Diagnostic(("routes", index), _told(*pairs[0], meeting, names) + more)


def _rivals(routes: Routes) -> Iterator[_Rival]:
    own = {target.name: (1 << location, target.limit) for location, target in enumerate(routes.all_targets)}
    for index, route in enumerate(routes.routes):
        if push := route.on.push:
            aims: dict[_Aim, int] = {}
            for target in routes.targets_of(route):
                bit, limit = own[target.name]
                aim = _aim(route, target, limit)
                aims[aim] = aims.get(aim, 0) | bit
            yield _Rival(
                index, route, repositories_of(route), _refs_taken(push), filter_of(push, "paths") or EVERY, aims
            )


def _refs_taken(push: PushCondition) -> dict[str, Filter]:
    filters = {key: refs_of(push, key) for key in ("branches", "tags")}
    return {
        key: wanted
        for key, wanted in filters.items()
        if wanted and Language().any_name_matching([wanted], Names.REFS) is not Satisfiable.NO
    }


def _aim(route: Route, target: Target, own_limit: str) -> _Aim:
    tags = route.tags if target.tags is None else target.tags
    return _Aim(target.playbook or route.playbook, frozenset(tags), narrowing(target.limit, own_limit))


def _ever_runs(rival: _Rival, language: Language) -> bool:
    return (
        bool(rival.refs)
        and language.any_name_matching([rival.repositories], Names.REPOSITORIES) is not Satisfiable.NO
        and language.any_name_matching([rival.files]) is not Satisfiable.NO
    )


def _shared(one: _Rival, other: _Rival) -> int:
    """The targets on which both may do the same."""
    shared = 0
    for aim, targets in one.aims.items():
        for other_aim, other_targets in other.aims.items():
            if aim.meets(other_aim):
                shared |= targets & other_targets
    return shared


def _meeting(one: _Rival, other: _Rival, language: Language) -> _Meeting:
    repositories = language.any_name_matching([one.repositories, other.repositories], Names.REPOSITORIES)
    if repositories is Satisfiable.NO:
        return _Meeting.ACROSS_REPOSITORIES
    refs = _some_ref(one, other, language)
    if refs is Satisfiable.NO:
        return _Meeting.ACROSS_REFS
    files = language.any_name_matching([one.files, other.files])
    # Two that take different files of one branch share their work, as is usual.
    return _Meeting.AT_ONE_PUSH if {repositories, refs, files} == {Satisfiable.YES} else _Meeting.NOT_AT_ALL


def _some_ref(one: _Rival, other: _Rival, language: Language) -> Satisfiable:
    answers = {
        language.any_name_matching([one.refs[key], other.refs[key]], Names.REFS)
        for key in one.refs
        if key in other.refs
    }
    return next((answer for answer in (Satisfiable.YES, Satisfiable.UNDECIDED) if answer in answers), Satisfiable.NO)


# --- in words -------------------------------------------------------------------------------------------------------


def _told(earlier: _Rival, later: _Rival, meeting: _Meeting, names: list[str]) -> str:
    shared = _shared(earlier, later)
    targets = [name for location, name in enumerate(names) if shared >> location & 1]
    playbook = next(aim.playbook for aim in later.aims if any(aim.meets(other) for other in earlier.aims))
    count = f"{len(targets)} target{'s' * (len(targets) != 1)} ({join_first(targets)})"
    first, second = f"`{earlier.route.name}`", f"`{later.route.name}`"
    if meeting is _Meeting.AT_ONE_PUSH:
        return f"one push may start both {first} and {second}, one after the other, with {playbook} on {count}"
    sources = [
        f"{name} ({join_first(rival.route.repository) if meeting is _Meeting.ACROSS_REPOSITORIES else _refs(rival)})"
        for name, rival in ((first, earlier), (second, later))
    ]
    return (
        f"{' and '.join(sources)} both bring {playbook} to {count}: "
        "what a push on one does, the next push on the other may undo"
    )


def _refs(rival: _Rival) -> str:
    """`branches main, release/*`, `branches but main and tags v*`, `every tag`."""
    return " and ".join(_ref(key, wanted) for key, wanted in rival.refs.items())


def _ref(key: str, wanted: Filter) -> str:
    if wanted == EVERY:
        return f"all {key}"
    return f"{'all ' if wanted.ignores else ''}{key} {'but ' if wanted.ignores else ''}{join_first(wanted.texts)}"
