"""Finds every fault of routes.yaml at once: those of single values, and those that concern several parts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ValidationError

from pointsman.core.routes import FORMS, Part, Routes

# A rollout is one item of a table (400 KB), which holds every target of its route with its limit.
TARGETS_OF_A_ROUTE = 1_000

_WANTED = {
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_type": "must be text",
}

type Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a place of the file, such as ("routes", 0, "playbook")."""

    place: Place
    reason: str

    @property
    def where(self) -> str:
        """The place in words: `routes[0].playbook`."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}" if self.place else self.reason


def check_routes(data: object) -> tuple[Routes | None, list[Fault]]:
    """The rules that `data` (routes.yaml as plain values) holds, or None and every fault."""
    routes: Routes | None = None
    faults: list[Fault] = []
    try:
        routes = Routes.model_validate(data)
    except ValidationError as error:
        faults = [_fault(error_) for error_ in error.errors(include_url=False)]
    faults += _across(data)
    return (None if faults else routes), faults


def _fault(error: Any) -> Fault:
    place: Place = error["loc"]
    match error["type"]:
        case "missing":
            return Fault(place[:-1], f"`{place[-1]}` is missing")
        case "extra_forbidden":
            return Fault(place, f"unknown key{_did_you_mean(str(place[-1]), _keys_at(place[:-1]))}")
        case "string_pattern_mismatch":
            form = error["ctx"]["pattern"]
            return Fault(place, f"{_shown(error['input'])} is not {FORMS.get(form, form)}")
        case "value_error":
            return Fault(place, str(error["ctx"]["error"]))
        case kind:
            wanted = _WANTED.get(kind) or error["msg"].replace("Input should be", "must be")
            return Fault(place, f"{wanted}, not {_shown(error['input'])}")


def _keys_at(place: Place) -> list[str]:
    """The keys that may stand at `place`, as the models say."""
    model: Any = Routes
    for part in place:
        if isinstance(part, str) and isinstance(model, type) and issubclass(model, BaseModel):
            model = _model_in(model.model_fields[part].annotation)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    """The model that `tuple[Route, ...] | None` or the like is about."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    found = (_model_in(inner) for inner in getattr(annotation, "__args__", ()))
    return next((model for model in found if model), None)


def _did_you_mean(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(dict.fromkeys(known[:10]))}{', …' * (len(known) > 10)}" if known else ""


def _shown(value: object) -> str:
    text = f"`{value}`" if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _across(data: object) -> Iterator[Fault]:
    """Faults between parts. Parts that are malformed themselves are passed over: their own fault is told already."""
    if not isinstance(data, dict):
        return
    accounts = [name for name in _mapping(data.get("accounts")) if isinstance(name, str)]
    regions = [region for region in _list(data.get("regions")) if isinstance(region, str)]
    yield from _doubled(
        ((("regions", index), region) for index, region in enumerate(_list(data.get("regions")))), "region"
    )
    rules = _rules(data, accounts, list(dict.fromkeys(regions)))
    yield from _doubled(((place, name) for place, _, name in _targets(rules)), "target")
    for place, rule in rules:
        if rule.get("account") not in accounts and isinstance(rule.get("account"), str):
            close = _did_you_mean(rule["account"], accounts)
            yield Fault((*place, "account"), f"unknown account `{rule['account']}`{close}")
    routes = _entries(data, "routes")
    yield from _doubled((((*place, "name"), route.get("name")) for place, route in routes), "route")
    for place, route in routes:
        yield from _faults_of_condition(place, route)
        yield from _faults_of_selectors(place, route, _targets(rules))


def _faults_of_condition(place: Place, route: dict[Any, Any]) -> Iterator[Fault]:
    condition = _mapping(_mapping(route.get("on")).get("push"))
    for name in ("branches", "tags", "paths"):
        if name in condition and f"{name}-ignore" in condition:
            reason = f"can't stand beside `{name}`: use one list, with `!` for what is to be left out"
            yield Fault((*place, "on", "push", f"{name}-ignore"), reason)


def _rules(data: dict[Any, Any], accounts: list[str], regions: list[str]) -> list[tuple[Place, dict[Any, Any]]]:
    """Each account's part of the targets: its place and its rule, with its regions filled in."""
    if data.get("targets") is None:
        return [(("accounts", account), {"account": account, "regions": regions}) for account in accounts]
    return [(place, {"regions": regions} | rule) for place, rule in _entries(data, "targets")]


def _targets(rules: list[tuple[Place, dict[Any, Any]]]) -> list[tuple[Place, dict[Any, Any], str]]:
    """Each target: its rule's place, its rule and its name."""
    return [
        (place, rule, f"{rule.get('account')}/{region}") for place, rule in rules for region in _list(rule["regions"])
    ]


def _doubled(named: Iterator[tuple[Place, Any]], what: str) -> Iterator[Fault]:
    entries = [(place, name) for place, name in named if isinstance(name, str)]
    counts = Counter(name for _, name in entries)
    seen: set[str] = set()
    for place, name in entries:
        if counts[name] > 1 and name in seen:
            yield Fault(place, f"{what} `{name}` stands here a second time")
        seen.add(name)


def _faults_of_selectors(
    place: Place, route: dict[Any, Any], targets: list[tuple[Place, dict[Any, Any], str]]
) -> Iterator[Fault]:
    selectors = route.get("targets")
    if selectors == "all":
        selectors = ["*/*"]
    if not isinstance(selectors, list):
        return
    meant: list[dict[Any, Any]] = []
    for index, selector in enumerate(selectors):
        found = [rule for _, rule, name in targets if isinstance(selector, str) and fnmatchcase(name, selector)]
        if not found and isinstance(selector, str) and "/" in selector and targets:
            known = [name for _, _, name in targets]
            hint = _did_you_mean(selector, [*known, *(f"{name.split('/')[0]}/*" for name in known)])
            yield Fault((*place, "targets", index), f"no target is named `{selector}`{hint}")
        meant += found
    yield from _faults_of_meant(place, route, meant)


def _faults_of_meant(place: Place, route: dict[Any, Any], meant: list[dict[Any, Any]]) -> Iterator[Fault]:
    if len(meant) > TARGETS_OF_A_ROUTE:
        yield Fault((*place, "targets"), f"{len(meant)} targets: a route may have {TARGETS_OF_A_ROUTE}")
    limit = route.get("limit")
    # Ansible takes `a:b:&c:d` as (a, b or d) and c, so only one term can narrow another pattern.
    if isinstance(limit, str) and set(limit) & set(":,!&") and any(rule.get("limit") for rule in meant):
        yield Fault((*place, "limit"), "a target has a limit of its own, so this one must be a single host or group")


def _entries(data: dict[Any, Any], key: str) -> list[tuple[Place, dict[Any, Any]]]:
    return [((key, index), value) for index, value in enumerate(_list(data.get(key))) if isinstance(value, dict)]


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
