"""What is valid in routes.yaml and hardly meant: lists without effect, targets nobody reaches, routes that fight."""

from collections.abc import Iterator
from itertools import combinations

from pointsman.core.pattern_reach import meet, takes_nothing
from pointsman.core.patterns import PatternList
from pointsman.core.route_conditions import PATTERN_LISTS, Condition, PushCondition
from pointsman.core.routes import Route, Routes
from pointsman.core.routes_fault import Fault, Place

NAMES_TOLD = 3


def doubts(routes: Routes) -> list[Fault]:
    """Every doubt about valid rules, each with its place."""
    found: list[Fault] = []
    for index, route in enumerate(routes.routes):
        for event, condition in (("push", route.on.push), ("pull_request", route.on.pull_request)):
            if condition:
                found += _about_lists(("routes", index, "on", event), condition)
    found += _about_targets(routes)
    found += _about_fights(routes)
    return list(dict.fromkeys(found))


# --- lists ----------------------------------------------------------------------------------------------------------


def _about_lists(place: Place, condition: Condition) -> Iterator[Fault]:
    for key in PATTERN_LISTS:
        if wanted := condition.list_of(key):
            yield from _about_wanted((*place, key), key, wanted)
        if (unwanted := condition.list_of(f"{key}-ignore")) and takes_nothing(_turned(unwanted)):
            yield Fault((*place, f"{key}-ignore"), "ignores every name, so the route never runs")


def _turned(unwanted: PatternList) -> PatternList:
    """The list that takes what `unwanted` leaves."""
    return PatternList(["**", *(f"!{pattern.text}" for pattern in unwanted.patterns)])


def _about_wanted(place: Place, key: str, wanted: PatternList) -> Iterator[Fault]:
    alone = [takes_nothing(PatternList([pattern.text])) for pattern in wanted.patterns if not pattern.negated]
    if takes_nothing(wanted) and not all(alone):
        yield Fault(place, "takes nothing: later patterns with `!` take back whatever earlier ones took")
    for index, pattern in enumerate(wanted.patterns):
        if reason := _slip(key, pattern.text.removeprefix("!")):
            yield Fault((*place, index), reason)
        elif takes_nothing(PatternList([pattern.text.removeprefix("!")])):
            yield Fault((*place, index), f"`{pattern.text}` matches no possible name{_hint(key, pattern.text)}")


def _slip(key: str, text: str) -> str | None:
    for start in ("refs/heads/", "refs/tags/"):
        if key != "paths" and text.startswith(start):
            return f"`{text}` names a whole ref: write `{text.removeprefix(start)}`"
    if key != "paths":
        return None
    if text.startswith("./"):
        return f"`{text}` begins with `./`, and paths begin at the repository's root: write `{text[2:]}`"
    last = text.rpartition("/")[2]
    if last and "." not in last and not set(last) & set("*?+[]\\") and last.islower():
        return f"`{text}` is a file of that very name; if it is a folder, write `{text}/**`"
    return None


def _hint(key: str, text: str) -> str:
    if key == "paths" and text.endswith("/"):
        return f": for what is in that folder write `{text}**`"
    return f": write `{text.lstrip('/')}`" if text.startswith("/") else ""


# --- targets --------------------------------------------------------------------------------------------------------


def _about_targets(routes: Routes) -> Iterator[Fault]:
    reached = {target.name for route in routes.routes for target in routes.targets_of(route)}
    lost = [target.name for target in routes.all_targets if target.name not in reached]
    if lost:
        place: Place = ("targets",) if routes.targets else ("accounts",)
        yield Fault(place, f"no route reaches {_told(lost)}")


def _told(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    return ", ".join(names[:NAMES_TOLD]) + more


# --- fights ---------------------------------------------------------------------------------------------------------


def _about_fights(routes: Routes) -> Iterator[Fault]:
    """Two routes that bring the same playbook to the same hosts: what one does the other does again, or undoes."""
    pushed = [(index, route) for index, route in enumerate(routes.routes) if route.on.push]
    for (_, one), (index, other) in combinations(pushed, 2):
        shared = _shared(routes, one, other)
        if not shared:
            continue
        both = f"`{one.name}` and `{other.name}`"
        what = f"the same playbook on {len(shared)} target{'s' * (len(shared) > 1)} ({_told(shared)})"
        if _same_push(one, other):
            reason = f"one push may start {both}, one after the other with {what}"
        else:
            reason = f"{both} bring {what} from different places: each undoes the other"
        yield Fault(("routes", index), reason)


def _shared(routes: Routes, one: Route, other: Route) -> list[str]:
    """The targets on which both do the same work."""
    theirs = {target.name: target for target in routes.targets_of(other)}
    shared: list[str] = []
    for target in routes.targets_of(one):
        its = theirs.get(target.name)
        if its is None or (target.playbook or one.playbook) != (its.playbook or other.playbook):
            continue
        tags = (one.tags if target.tags is None else target.tags, other.tags if its.tags is None else its.tags)
        limits_apart = target.limit != its.limit and target.limit and its.limit
        tags_apart = all(tags) and not set(tags[0]) & set(tags[1])
        if not limits_apart and not tags_apart:
            shared.append(target.name)
    return shared


def _same_push(one: Route, other: Route) -> bool:
    repositories = [PatternList(text.lower() for text in route.repository) for route in (one, other)]
    if not meet(*repositories):
        return False
    pushes = [route.on.push or PushCondition() for route in (one, other)]
    if not any(_both(key, *pushes) for key in ("branches", "tags")):
        return False
    return _meet_in("paths", *pushes)


def _both(key: str, one: PushCondition, other: PushCondition) -> bool:
    """Whether a branch, or a tag, is taken by both."""
    return _takes_kind(key, one) and _takes_kind(key, other) and _meet_in(key, one, other)


def _takes_kind(key: str, condition: PushCondition) -> bool:
    """As in GitHub Actions: who names tags and no branches takes no branch."""
    others = "tags" if key == "branches" else "branches"
    own = condition.list_of(key) or condition.list_of(f"{key}-ignore")
    return bool(own or not (condition.list_of(others) or condition.list_of(f"{others}-ignore")))


def _meet_in(key: str, one: PushCondition, other: PushCondition) -> bool:
    return meet(_taken(key, one), _taken(key, other))


def _taken(key: str, condition: PushCondition) -> PatternList:
    """What a condition takes of `key`, as one list."""
    if wanted := condition.list_of(key):
        return wanted
    unwanted = condition.list_of(f"{key}-ignore")
    return _turned(unwanted) if unwanted else PatternList(["**"])
