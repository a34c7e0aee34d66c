"""Find all errors in routes.yaml: those of single values, and those between several parts."""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from pointsman.core.routes.check_plans import plan_diagnostics
from pointsman.core.routes.conditions import PATTERN_LISTS, Events
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Routes
from pointsman.core.routes.sizes import size_diagnostics
from pointsman.core.routes.suggestions import did_you_mean
from pointsman.core.routes.validation_messages import NO_VALUE, diagnostic_of

MOST_LEVELS = 10  # a YAML alias inside its own anchor never ends


def check_routes(data: object) -> tuple[Routes | None, list[Diagnostic]]:
    """Check `data` (routes.yaml as plain values). Return the routes and no errors, or None and every error."""
    routes: Routes | None = None
    errors: list[Diagnostic] = []
    try:
        routes = Routes.model_validate(data)
    except ValidationError as error:
        errors = [
            diagnostic_of(each, data)
            for each in error.errors(include_url=False)
            if not _is_inherited(each["loc"], data)
        ]
    reported = {each.location for each in errors if each.of_key}
    errors += [*(each for each in _missing_values(data) if each.location not in reported), *_between_parts(data)]
    if routes and not errors:
        errors = [*_choices_without_target(routes), *plan_diagnostics(routes), *size_diagnostics(routes)]
    return (None if errors else routes), list(dict.fromkeys(errors))


def _missing_values(data: object, location: Location = ()) -> Iterator[Diagnostic]:
    """Keys without a value, which YAML reads as null: `branches:` must not mean every branch."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in parts:
        here = (*location, key)
        if not location and str(key).startswith("x-"):
            continue
        if value is None and not (location[-1:] == ("on",) and key in Events.model_fields):
            yield Diagnostic(here, NO_VALUE)
        elif key != "extra_vars" and not (key == "on" and isinstance(value, list)) and len(here) < MOST_LEVELS:
            yield from _missing_values(value, here)


def _is_inherited(location: Location, data: object) -> bool:
    """Whether an error of a route comes from the defaults, for which it is reported already."""
    match location, data:
        case ("routes", int(index), str(key), *_), {"defaults": dict(defaults), "routes": list(routes)}:
            return key in defaults and isinstance(routes[index], dict) and key not in routes[index]
        case _:
            return False


def _between_parts(data: object) -> Iterator[Diagnostic]:
    """Errors between several parts. Malformed parts are skipped, since they are reported already."""
    if not isinstance(data, dict):
        return
    accounts = [name for name in _mapping(data.get("accounts")) if isinstance(name, str)]
    regions = [region for region in _as_list(data.get("regions")) if isinstance(region, str)]
    yield from _duplicates(
        ((("regions", index), region) for index, region in enumerate(_as_list(data.get("regions")))), "region"
    )
    rules = _rules(data, accounts, list(dict.fromkeys(regions)))
    yield from _duplicates(((location, name) for location, _, name in _targets(rules)), "target")
    for location, rule in rules:
        if rule.get("account") not in accounts and isinstance(rule.get("account"), str):
            close = did_you_mean(rule["account"], accounts)
            yield Diagnostic((*location, "account"), f"unknown account `{rule['account']}`{close}")
    routes = _entries(data, "routes")
    yield from _duplicates((((*location, "name"), route.get("name")) for location, route in routes), "route")
    defaults = _mapping(data.get("defaults"))
    for location, route in [(("defaults",), defaults), *routes]:
        yield from _condition_errors(location, route)
        yield from _target_errors(location, route, data, _targets(rules))
    for location, route in routes:
        if not {"targets", "waves"} & (route.keys() | defaults.keys()):
            yield Diagnostic(location, "`targets` is missing")


def _choices_without_target(routes: Routes) -> Iterator[Diagnostic]:
    """Entries in a route's `targets` that match no target."""
    for number, route in enumerate(routes.routes):
        for index in sorted(routes.choices_without_target(route)):
            yield Diagnostic(("routes", number, "targets", index), "matches no target: none has all of these labels")


def _condition_errors(location: Location, route: dict[Any, Any]) -> Iterator[Diagnostic]:
    for event, condition in _mapping(route.get("on")).items():
        for name in PATTERN_LISTS:
            if {name, f"{name}-ignore"} <= _mapping(condition).keys():
                reason = f"cannot be combined with `{name}`: use one list, with `!` for exclusions"
                yield Diagnostic((*location, "on", event, f"{name}-ignore"), reason)


def _rules(data: dict[Any, Any], accounts: list[str], regions: list[str]) -> list[tuple[Location, dict[Any, Any]]]:
    """The target rules with their locations and their regions."""
    if data.get("targets") is None:
        return [(("accounts", account), {"account": account, "regions": regions}) for account in accounts]
    return [(location, {"regions": regions} | rule) for location, rule in _entries(data, "targets")]


def _targets(rules: list[tuple[Location, dict[Any, Any]]]) -> list[tuple[Location, dict[Any, Any], str]]:
    """Each target: the location of its rule, the rule, and its name."""
    return [
        (location, rule, f"{rule.get('account')}/{region}")
        for location, rule in rules
        for region in _as_list(rule["regions"])
    ]


def _duplicates(named: Iterator[tuple[Location, Any]], kind: str) -> Iterator[Diagnostic]:
    entries = [(location, name) for location, name in named if isinstance(name, str)]
    counts = Counter(name for _, name in entries)
    seen: set[str] = set()
    for location, name in entries:
        if counts[name] > 1 and name in seen:
            yield Diagnostic(location, f"{kind} `{name}` is listed twice")
        seen.add(name)


def _target_errors(
    location: Location, route: dict[Any, Any], data: dict[Any, Any], targets: list[tuple[Location, dict[Any, Any], str]]
) -> Iterator[Diagnostic]:
    """Names and labels that match no target, in a route and in its waves."""
    yield from _choice_errors((*location, "targets"), route.get("targets"), data, targets)
    waves = route.get("waves")
    for index, wave in enumerate(_as_list(waves)):
        here = (*location, "waves", index) if isinstance(waves, list) else (*location, "waves")
        yield from _choice_errors((*here, "targets"), _mapping(wave).get("targets"), data, targets)


def _choice_errors(
    location: Location, chosen: object, data: dict[Any, Any], targets: list[tuple[Location, dict[Any, Any], str]]
) -> Iterator[Diagnostic]:
    """Names and labels that match no target. If there are no targets, that is reported already."""
    if not targets:
        return
    names = [name for _, _, name in targets]
    labels = {
        "account": [name.partition("/")[0] for name in names],
        "region": [name.partition("/")[2] for name in names],
        "environment": _environments(data, targets),
    }
    for index, choice in enumerate(_as_list(chosen)):
        here = (*location, index) if isinstance(chosen, list) else location
        if isinstance(choice, str):
            yield from _check_name(here, choice, names)
        for key, value in _mapping(choice).items():
            if key == "name":
                yield from _check_name((*here, key), value, names)
            elif key in labels:
                yield from _check_label((*here, key), key, value, labels[key])


def _environments(data: dict[Any, Any], targets: list[tuple[Location, dict[Any, Any], str]]) -> list[str]:
    of_accounts = {
        name: _mapping(account).get("environment") for name, account in _mapping(data.get("accounts")).items()
    }
    environments = (rule.get("environment") or of_accounts.get(rule.get("account")) for _, rule, _ in targets)
    return [environment for environment in environments if isinstance(environment, str)]


def _check_name(location: Location, selector: object, names: list[str]) -> Iterator[Diagnostic]:
    if not isinstance(selector, str) or "/" not in selector or any(fnmatchcase(name, selector) for name in names):
        return
    hint = did_you_mean(selector, [*names, *(f"{name.split('/')[0]}/*" for name in names)])
    yield Diagnostic(location, f"no target is named `{selector}`{hint}")


def _check_label(location: Location, key: str, value: object, labels: list[str]) -> Iterator[Diagnostic]:
    several = isinstance(value, list)
    for index, label in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(label, str) and not any(fnmatchcase(each, label) for each in labels):
            at = (*location, index) if several else location
            yield Diagnostic(at, f"no target has the {key} `{label}`{did_you_mean(label, list(dict.fromkeys(labels)))}")


def _entries(data: dict[Any, Any], key: str) -> list[tuple[Location, dict[Any, Any]]]:
    return [((key, index), value) for index, value in enumerate(_list(data.get(key))) if isinstance(value, dict)]


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _as_list(value: object) -> list[Any]:
    return [value] if isinstance(value, (str, dict)) else _list(value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
