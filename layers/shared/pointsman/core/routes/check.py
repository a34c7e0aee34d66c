"""Finds every fault of routes.yaml at once: those of single values, and those that concern several parts."""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from pointsman.core.routes.conditions import PATTERN_LISTS, Events
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Routes
from pointsman.core.routes.sizes import size_diagnostics
from pointsman.core.routes.validation_messages import STANDS_EMPTY, diagnostic_of, did_you_mean

DEEPEST = 10  # an alias inside its own anchor has no end


def check_routes(data: object) -> tuple[Routes | None, list[Diagnostic]]:
    """The rules that `data` (routes.yaml as plain values) holds, or None and every fault."""
    routes: Routes | None = None
    faults: list[Diagnostic] = []
    try:
        routes = Routes.model_validate(data)
    except ValidationError as error:
        faults = [
            diagnostic_of(each, data)
            for each in error.errors(include_url=False)
            if not _is_inherited(each["loc"], data)
        ]
    told = {fault.location for fault in faults if fault.of_key}
    faults += [*(fault for fault in _empty(data) if fault.location not in told), *_across(data)]
    if routes and not faults:
        faults = [*_meaning_nothing(routes), *size_diagnostics(routes)]
    return (None if faults else routes), list(dict.fromkeys(faults))


def _empty(data: object, location: Location = ()) -> Iterator[Diagnostic]:
    """Keys with nothing behind them, which YAML takes for null: `branches:` alone must not mean every branch."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in parts:
        here = (*location, key)
        if not location and str(key).startswith("x-"):
            continue
        if value is None and not (location[-1:] == ("on",) and key in Events.model_fields):
            yield Diagnostic(here, STANDS_EMPTY)
        elif key != "extra_vars" and not (key == "on" and isinstance(value, list)) and len(here) < DEEPEST:
            yield from _empty(value, here)


def _is_inherited(location: Location, data: object) -> bool:
    """Whether a fault of a route stands in the defaults, where it is told already."""
    match location, data:
        case ("routes", int(index), str(key), *_), {"defaults": dict(defaults), "routes": list(routes)}:
            return key in defaults and isinstance(routes[index], dict) and key not in routes[index]
        case _:
            return False


def _across(data: object) -> Iterator[Diagnostic]:
    """Faults between parts. Parts that are malformed themselves are passed over: their own fault is told already."""
    if not isinstance(data, dict):
        return
    accounts = [name for name in _mapping(data.get("accounts")) if isinstance(name, str)]
    regions = [region for region in _several(data.get("regions")) if isinstance(region, str)]
    yield from _doubled(
        ((("regions", index), region) for index, region in enumerate(_several(data.get("regions")))), "region"
    )
    rules = _rules(data, accounts, list(dict.fromkeys(regions)))
    yield from _doubled(((location, name) for location, _, name in _targets(rules)), "target")
    for location, rule in rules:
        if rule.get("account") not in accounts and isinstance(rule.get("account"), str):
            close = did_you_mean(rule["account"], accounts)
            yield Diagnostic((*location, "account"), f"unknown account `{rule['account']}`{close}")
    routes = _entries(data, "routes")
    yield from _doubled((((*location, "name"), route.get("name")) for location, route in routes), "route")
    defaults = _mapping(data.get("defaults"))
    for location, route in [(("defaults",), defaults), *routes]:
        yield from _faults_of_conditions(location, route)
        yield from _faults_of_choices(location, route, data, _targets(rules))


def _meaning_nothing(routes: Routes) -> Iterator[Diagnostic]:
    """Entries of a route's targets whose labels no target has together."""
    for location, route in enumerate(routes.routes):
        for index in sorted(routes.choices_without_target(route)):
            yield Diagnostic(("routes", location, "targets", index), "means no target: none has all of these labels")


def _faults_of_conditions(location: Location, route: dict[Any, Any]) -> Iterator[Diagnostic]:
    for event, condition in _mapping(route.get("on")).items():
        for name in PATTERN_LISTS:
            if {name, f"{name}-ignore"} <= _mapping(condition).keys():
                reason = f"can't stand beside `{name}`: use one list, with `!` for what is to be left out"
                yield Diagnostic((*location, "on", event, f"{name}-ignore"), reason)


def _rules(data: dict[Any, Any], accounts: list[str], regions: list[str]) -> list[tuple[Location, dict[Any, Any]]]:
    """Each account's part of the targets: its place and its rule, with its regions filled in."""
    if data.get("targets") is None:
        return [(("accounts", account), {"account": account, "regions": regions}) for account in accounts]
    return [(location, {"regions": regions} | rule) for location, rule in _entries(data, "targets")]


def _targets(rules: list[tuple[Location, dict[Any, Any]]]) -> list[tuple[Location, dict[Any, Any], str]]:
    """Each target: its rule's place, its rule and its name."""
    return [
        (location, rule, f"{rule.get('account')}/{region}")
        for location, rule in rules
        for region in _several(rule["regions"])
    ]


def _doubled(named: Iterator[tuple[Location, Any]], what: str) -> Iterator[Diagnostic]:
    entries = [(location, name) for location, name in named if isinstance(name, str)]
    counts = Counter(name for _, name in entries)
    seen: set[str] = set()
    for location, name in entries:
        if counts[name] > 1 and name in seen:
            yield Diagnostic(location, f"{what} `{name}` stands here a second time")
        seen.add(name)


def _faults_of_choices(
    location: Location, route: dict[Any, Any], data: dict[Any, Any], targets: list[tuple[Location, dict[Any, Any], str]]
) -> Iterator[Diagnostic]:
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
        here = (*location, "targets", index) if isinstance(chosen, list) else (*location, "targets")
        if isinstance(choice, str):
            yield from _no_target(here, choice, known)
        for key, value in _mapping(choice).items():
            if key == "name":
                yield from _no_target((*here, key), value, known)
            elif key in labels:
                yield from _no_label((*here, key), key, value, labels[key])


def _environments(data: dict[Any, Any], targets: list[tuple[Location, dict[Any, Any], str]]) -> list[str]:
    of_accounts = {
        name: _mapping(account).get("environment") for name, account in _mapping(data.get("accounts")).items()
    }
    found = (rule.get("environment") or of_accounts.get(rule.get("account")) for _, rule, _ in targets)
    return [environment for environment in found if isinstance(environment, str)]


def _no_target(location: Location, selector: object, known: list[str]) -> Iterator[Diagnostic]:
    if not isinstance(selector, str) or "/" not in selector or any(fnmatchcase(name, selector) for name in known):
        return
    hint = did_you_mean(selector, [*known, *(f"{name.split('/')[0]}/*" for name in known)])
    yield Diagnostic(location, f"no target is named `{selector}`{hint}")


def _no_label(location: Location, key: str, value: object, known: list[str]) -> Iterator[Diagnostic]:
    several = isinstance(value, list)
    for index, label in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(label, str) and not any(fnmatchcase(each, label) for each in known):
            at = (*location, index) if several else location
            yield Diagnostic(at, f"no target has the {key} `{label}`{did_you_mean(label, list(dict.fromkeys(known)))}")


def _entries(data: dict[Any, Any], key: str) -> list[tuple[Location, dict[Any, Any]]]:
    return [((key, index), value) for index, value in enumerate(_list(data.get(key))) if isinstance(value, dict)]


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _several(value: object) -> list[Any]:
    return [value] if isinstance(value, (str, dict)) else _list(value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
