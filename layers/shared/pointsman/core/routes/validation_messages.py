"""What pydantic finds in routes.yaml, told in the file's own words and places."""

from difflib import get_close_matches
from typing import Any, TypeAliasType, cast

from pydantic import BaseModel

from pointsman.core.routes.conditions import PullRequestCondition, PushCondition
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Routes
from pointsman.core.routes.values import FORMS, UNION_TAGS, Part
from pointsman.core.text import ELLIPSIS, cut

STANDS_EMPTY = "stands empty: give it a value, or leave the key out"
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
_OTHER_EVENT: dict[str | int, tuple[str, type[BaseModel]]] = {
    "push": ("pull_request", PullRequestCondition),
    "pull_request": ("push", PushCondition),
}


def diagnostic_of(error: Any, data: object) -> Diagnostic:
    """A fault of pydantic's (ErrorDetails) in `data`, routes.yaml as plain values."""
    location = _written(error["loc"], data)
    named = tuple(part for part in error["loc"] if part not in UNION_TAGS)
    if _is_of_key(error):
        told = f"{_shown(error['input'])} is no key: a key is text, in quotes where YAML takes it for something else"
        return Diagnostic(_written(named[: named.index("[key]") - 1 if "[key]" in named else -1], data), told)
    match error["type"]:
        case "missing":
            return Diagnostic(location, f"`{error['loc'][-1]}` is missing")
        case "extra_forbidden":
            return Diagnostic(location, f"unknown key{_hint_for_key(named)}", of_key=True)
        case "string_pattern_mismatch":
            form = error["ctx"]["pattern"]
            return Diagnostic(location, f"{_shown(error['input'])} is not {FORMS.get(form, form)}")
        case _ if error["input"] is None:
            return Diagnostic(location, STANDS_EMPTY)
        case "string_type" if isinstance(error["input"], (bool, int, float)):
            return Diagnostic(location, f"must be text, not {_shown(error['input'])}: put it in quotes")
        case "value_error":
            return Diagnostic(location, str(error["ctx"]["error"]))
        case kind:
            wanted = _wanted(kind, named) or error["msg"].replace("Input should be", "must be")
            return Diagnostic(location, f"{wanted}, not {_shown(error['input'])}")


def _wanted(kind: str, named: Location) -> str | None:
    """What had to stand there: of some keys of a route more than pydantic knows."""
    of_route = named[:1] in (("routes",), ("defaults",))
    if kind == "union_tag_invalid" or (of_route and kind.endswith("_type")):
        return _WANTED_OF.get(_key_of(named)) or _WANTED.get(kind)
    return _WANTED.get(kind)


def _written(location: Location, data: object) -> Location:
    """`place` as far as the file goes: without the names of unions and of lists that were a single text."""
    written: list[str | int] = []
    for part in location:
        if part in UNION_TAGS or (isinstance(part, int) and not isinstance(data, list)):
            continue
        keys: object = range(len(data)) if isinstance(data, list) else data
        if not isinstance(keys, (range, dict)) or part not in keys:
            break
        data = cast("dict[str | int, object]", data)[part]
        written.append(part)
    return tuple(written)


def _is_of_key(error: Any) -> bool:
    """Whether a key itself is no text."""
    return error["type"] == "invalid_key" or ("[key]" in error["loc"] and not isinstance(error["input"], str))


def _key_of(location: Location) -> str:
    """The key that a place is about; `actors` of an item of `actors-ignore`."""
    return next((part for part in reversed(location) if isinstance(part, str)), "").removesuffix("-ignore")


def _keys_at(location: Location) -> list[str]:
    """The keys that may stand at `place`, as the models say."""
    model: Any = Routes
    for part in location:
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


def _hint_for_key(location: Location) -> str:
    *above, key = location
    elsewhere, model = _OTHER_EVENT.get(above[-1] if above else "", (None, None))
    if model and key in _keys_of(model):
        return f": it is a condition of {elsewhere}"
    return did_you_mean(str(key), _keys_at(tuple(above)))


def did_you_mean(word: str, known: list[str]) -> str:
    """A hint at what `word` may have been meant to be, or at what is known."""
    close = [each for each in known if len(word) > 2 and each.startswith(word)] or get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(dict.fromkeys(known[:10]))}{', …' * (len(known) > 10)}" if known else ""


def _shown(value: object) -> str:
    text = f"`{value}`" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    return cut(text, 60, ELLIPSIS)
