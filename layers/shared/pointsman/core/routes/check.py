"""Finds every fault of routes.yaml at once: those of single values, and those that concern several parts."""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from pointsman.core.routes.conditions import PATTERN_LISTS, Events
from pointsman.core.routes.fault import Fault, Place
from pointsman.core.routes.model import Routes
from pointsman.core.routes.model_faults import STANDS_EMPTY, did_you_mean, fault_of
from pointsman.core.routes.sizes import faults_of_size

DEEPEST = 10  # an alias inside its own anchor has no end


def check_routes(data: object) -> tuple[Routes | None, list[Fault]]:
    """The rules that `data` (routes.yaml as plain values) holds, or None and every fault."""
    routes: Routes | None = None
    faults: list[Fault] = []
    try:
        routes = Routes.model_validate(data)
    except ValidationError as error:
        faults = [
            fault_of(each, data) for each in error.errors(include_url=False) if not _is_inherited(each["loc"], data)
        ]
    told = {fault.place for fault in faults if fault.of_key}
    faults += [*(fault for fault in _empty(data) if fault.place not in told), *_across(data)]
    if routes and not faults:
        faults = [*_meaning_nothing(routes), *faults_of_size(routes)]
    return (None if faults else routes), list(dict.fromkeys(faults))


def _empty(data: object, place: Place = ()) -> Iterator[Fault]:
    """Keys with nothing behind them, which YAML takes for null: `branches:` alone must not mean every branch."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in parts:
        here = (*place, key)
        if not place and str(key).startswith("x-"):
            continue
        if value is None and not (place[-1:] == ("on",) and key in Events.model_fields):
            yield Fault(here, STANDS_EMPTY)
        elif key != "extra_vars" and not (key == "on" and isinstance(value, list)) and len(here) < DEEPEST:
            yield from _empty(value, here)


def _is_inherited(place: Place, data: object) -> bool:
    """Whether a fault of a route stands in the defaults, where it is told already."""
    match place, data:
        case ("routes", int(index), str(key), *_), {"defaults": dict(defaults), "routes": list(routes)}:
            return key in defaults and isinstance(routes[index], dict) and key not in routes[index]
        case _:
            return False


def _across(data: object) -> Iterator[Fault]:
    """Faults between parts. Parts that are malformed themselves are passed over: their own fault is told already."""
    if not isinstance(data, dict):
        return
    accounts = [name for name in _mapping(data.get("accounts")) if isinstance(name, str)]
    regions = [region for region in _several(data.get("regions")) if isinstance(region, str)]
    yield from _doubled(
        ((("regions", index), region) for index, region in enumerate(_several(data.get("regions")))), "region"
    )
    rules = _rules(data, accounts, list(dict.fromkeys(regions)))
    yield from _doubled(((place, name) for place, _, name in _targets(rules)), "target")
    for place, rule in rules:
        if rule.get("account") not in accounts and isinstance(rule.get("account"), str):
            close = did_you_mean(rule["account"], accounts)
            yield Fault((*place, "account"), f"unknown account `{rule['account']}`{close}")
    routes = _entries(data, "routes")
    yield from _doubled((((*place, "name"), route.get("name")) for place, route in routes), "route")
    defaults = _mapping(data.get("defaults"))
    for place, route in [(("defaults",), defaults), *routes]:
        yield from _faults_of_conditions(place, route)
        yield from _faults_of_choices(place, route, data, _targets(rules))


def _meaning_nothing(routes: Routes) -> Iterator[Fault]:
    """Entries of a route's targets whose labels no target has together."""
    for place, route in enumerate(routes.routes):
        for index in sorted(routes.choices_without_target(route)):
            yield Fault(("routes", place, "targets", index), "means no target: none has all of these labels")


def _faults_of_conditions(place: Place, route: dict[Any, Any]) -> Iterator[Fault]:
    for event, condition in _mapping(route.get("on")).items():
        for name in PATTERN_LISTS:
            if {name, f"{name}-ignore"} <= _mapping(condition).keys():
                reason = f"can't stand beside `{name}`: use one list, with `!` for what is to be left out"
                yield Fault((*place, "on", event, f"{name}-ignore"), reason)


def _rules(data: dict[Any, Any], accounts: list[str], regions: list[str]) -> list[tuple[Place, dict[Any, Any]]]:
    """Each account's part of the targets: its place and its rule, with its regions filled in."""
    if data.get("targets") is None:
        return [(("accounts", account), {"account": account, "regions": regions}) for account in accounts]
    return [(place, {"regions": regions} | rule) for place, rule in _entries(data, "targets")]


def _targets(rules: list[tuple[Place, dict[Any, Any]]]) -> list[tuple[Place, dict[Any, Any], str]]:
    """Each target: its rule's place, its rule and its name."""
    return [
        (place, rule, f"{rule.get('account')}/{region}")
        for place, rule in rules
        for region in _several(rule["regions"])
    ]


def _doubled(named: Iterator[tuple[Place, Any]], what: str) -> Iterator[Fault]:
    entries = [(place, name) for place, name in named if isinstance(name, str)]
    counts = Counter(name for _, name in entries)
    seen: set[str] = set()
    for place, name in entries:
        if counts[name] > 1 and name in seen:
            yield Fault(place, f"{what} `{name}` stands here a second time")
        seen.add(name)


def _faults_of_choices(
    place: Place, route: dict[Any, Any], data: dict[Any, Any], targets: list[tuple[Place, dict[Any, Any], str]]
) -> Iterator[Fault]:
    """Names and labels that mean no target. Where no target is known, that is told already."""
    if not targets:
        return
    known = [name for _, _, name in targets]
    labels = {
        "account": [name.partition("/")[0] for name in known],
        "region": [name.partition("/")[2] for name in known],
        "environment": _environments(data, targets),
    }
    chosen = route.get("targets")
    for index, choice in enumerate(_several(chosen)):
        here = (*place, "targets", index) if isinstance(chosen, list) else (*place, "targets")
        if isinstance(choice, str):
            yield from _no_target(here, choice, known)
        for key, value in _mapping(choice).items():
            if key == "name":
                yield from _no_target((*here, key), value, known)
            elif key in labels:
                yield from _no_label((*here, key), key, value, labels[key])


def _environments(data: dict[Any, Any], targets: list[tuple[Place, dict[Any, Any], str]]) -> list[str]:
    of_accounts = {
        name: _mapping(account).get("environment") for name, account in _mapping(data.get("accounts")).items()
    }
    found = (rule.get("environment") or of_accounts.get(rule.get("account")) for _, rule, _ in targets)
    return [environment for environment in found if isinstance(environment, str)]


def _no_target(place: Place, selector: object, known: list[str]) -> Iterator[Fault]:
    if not isinstance(selector, str) or "/" not in selector or any(fnmatchcase(name, selector) for name in known):
        return
    hint = did_you_mean(selector, [*known, *(f"{name.split('/')[0]}/*" for name in known)])
    yield Fault(place, f"no target is named `{selector}`{hint}")


def _no_label(place: Place, key: str, value: object, known: list[str]) -> Iterator[Fault]:
    several = isinstance(value, list)
    for index, label in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(label, str) and not any(fnmatchcase(each, label) for each in known):
            at = (*place, index) if several else place
            yield Fault(at, f"no target has the {key} `{label}`{did_you_mean(label, list(dict.fromkeys(known)))}")


def _entries(data: dict[Any, Any], key: str) -> list[tuple[Place, dict[Any, Any]]]:
    return [((key, index), value) for index, value in enumerate(_list(data.get(key))) if isinstance(value, dict)]


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _several(value: object) -> list[Any]:
    return [value] if isinstance(value, (str, dict)) else _list(value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
