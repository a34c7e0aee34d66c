"""Finds every fault of routes.yaml at once: those of single values, and those that concern several parts."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, TypeAliasType, cast

from pydantic import BaseModel, ValidationError

from pointsman.core.routes.conditions import PATTERN_LISTS, Events, PullRequestCondition, PushCondition
from pointsman.core.routes.fault import Fault, Place
from pointsman.core.routes.model import Routes
from pointsman.core.routes.sizes import faults_of_size
from pointsman.core.routes.values import FORMS, UNION_TAGS, Part

STANDS_EMPTY = "stands empty: give it a value, or leave the key out"
DEEPEST = 10  # an alias inside its own anchor has no end
_WANTED = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_type": "must be text",
}
_WANTED_OF = {
    "actors": "must be a login, or a number without quotes",
    "messages": "must be text, or {regex: ...}",
    "on": "must be `push`, `pull_request`, a list of them, or a mapping with conditions",
    "repository": "must be owner/name, or a list",
    "targets": "must be `all`, a name, or a list",
}


def check_routes(data: object) -> tuple[Routes | None, list[Fault]]:
    """The rules that `data` (routes.yaml as plain values) holds, or None and every fault."""
    routes: Routes | None = None
    faults: list[Fault] = []
    try:
        routes = Routes.model_validate(data)
    except ValidationError as error:
        faults = [
            _fault(each, data) for each in error.errors(include_url=False) if not _is_inherited(each["loc"], data)
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


def _written(place: Place, data: object) -> Place:
    """`place` as far as the file goes: without the names of unions and of lists that were a single text."""
    written: list[str | int] = []
    for part in place:
        if part in UNION_TAGS or (isinstance(part, int) and not isinstance(data, list)):
            continue
        keys: object = range(len(data)) if isinstance(data, list) else data
        if not isinstance(keys, (range, dict)) or part not in keys:
            break
        data = cast("dict[str | int, object]", data)[part]
        written.append(part)
    return tuple(written)


def _fault(error: Any, data: object) -> Fault:
    place = _written(error["loc"], data)
    named = tuple(part for part in error["loc"] if part not in UNION_TAGS)
    if _is_of_key(error):
        told = f"{_shown(error['input'])} is no key: a key is text, in quotes where YAML takes it for something else"
        return Fault(_written(named[: named.index("[key]") - 1 if "[key]" in named else -1], data), told)
    match error["type"]:
        case "missing":
            return Fault(place, f"`{error['loc'][-1]}` is missing")
        case "extra_forbidden":
            return Fault(place, f"unknown key{_hint_for_key(named)}", of_key=True)
        case "string_pattern_mismatch":
            form = error["ctx"]["pattern"]
            return Fault(place, f"{_shown(error['input'])} is not {FORMS.get(form, form)}")
        case _ if error["input"] is None:
            return Fault(place, STANDS_EMPTY)
        case "string_type" if isinstance(error["input"], (bool, int, float)):
            return Fault(place, f"must be text, not {_shown(error['input'])}: put it in quotes")
        case "value_error":
            return Fault(place, str(error["ctx"]["error"]))
        case kind:
            of_key = (
                _WANTED_OF.get(_key_of(named))
                if (named[:1] in (("routes",), ("defaults",)) and kind.endswith("_type")) or kind == "union_tag_invalid"
                else None
            )
            wanted = of_key or _WANTED.get(kind) or error["msg"].replace("Input should be", "must be")
            return Fault(place, f"{wanted}, not {_shown(error['input'])}")


def _is_of_key(error: Any) -> bool:
    """Whether a key itself is no text."""
    return error["type"] == "invalid_key" or ("[key]" in error["loc"] and not isinstance(error["input"], str))


def _key_of(place: Place) -> str:
    """The key that a place is about; `actors` of an item of `actors-ignore`."""
    return next((part for part in reversed(place) if isinstance(part, str)), "").removesuffix("-ignore")


def _keys_at(place: Place) -> list[str]:
    """The keys that may stand at `place`, as the models say."""
    model: Any = Routes
    for part in place:
        if isinstance(part, str) and isinstance(model, type) and issubclass(model, BaseModel):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = _model_in(fields[part].annotation) if part in fields else model
    return _keys_of(model) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _keys_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    """The model that `tuple[Route, ...] | None` or the like is about."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    if isinstance(annotation, TypeAliasType):
        return _model_in(annotation.__value__)
    found = (_model_in(inner) for inner in getattr(annotation, "__args__", ()))
    return next((model for model in found if model), None)


def _hint_for_key(place: Place) -> str:
    key, event = str(place[-1]), str(place[-2]) if len(place) > 1 else ""
    for other, model in (("push", PullRequestCondition), ("pull_request", PushCondition)):
        if event == other and key in _keys_of(model):
            return f": it is a condition of {'pull_request' if other == 'push' else 'push'}"
    return _did_you_mean(key, _keys_at(place[:-1]))


def _did_you_mean(word: str, known: list[str]) -> str:
    close = [each for each in known if len(word) > 2 and each.startswith(word)] or get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(dict.fromkeys(known[:10]))}{', …' * (len(known) > 10)}" if known else ""


def _shown(value: object) -> str:
    text = f"`{value}`" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


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
            close = _did_you_mean(rule["account"], accounts)
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
    hint = _did_you_mean(selector, [*known, *(f"{name.split('/')[0]}/*" for name in known)])
    yield Fault(place, f"no target is named `{selector}`{hint}")


def _no_label(place: Place, key: str, value: object, known: list[str]) -> Iterator[Fault]:
    several = isinstance(value, list)
    for index, label in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(label, str) and not any(fnmatchcase(each, label) for each in known):
            at = (*place, index) if several else place
            yield Fault(at, f"no target has the {key} `{label}`{_did_you_mean(label, list(dict.fromkeys(known)))}")


def _entries(data: dict[Any, Any], key: str) -> list[tuple[Place, dict[Any, Any]]]:
    return [((key, index), value) for index, value in enumerate(_list(data.get(key))) if isinstance(value, dict)]


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _several(value: object) -> list[Any]:
    return [value] if isinstance(value, (str, dict)) else _list(value)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
