"""Convert pydantic's errors about routes.yaml to messages in the terms of the file."""

from typing import Any, TypeAliasType, cast

from pydantic import BaseModel

from pointsman.core.routes.conditions import PullRequestCondition, PushCondition
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Routes
from pointsman.core.routes.suggestions import did_you_mean
from pointsman.core.routes.values import FORMATS, UNION_TAGS, RoutesPart
from pointsman.core.text import ELLIPSIS, cut

NO_VALUE = "has no value: give it one, or remove the key"
_EXPECTED = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "int_type": "must be a whole number",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_type": "must be text",
}
_EXPECTED_OF = {
    "actors": "must be a login, or a number without quotes",
    "messages": "must be text, or {regex: ...}",
    "on": "must be `push`, `pull_request`, a list of them, or a mapping with conditions",
    "repository": "must be owner/name, or a list",
    "targets": "must be `all`, a name, or a list",
    "waves": "must be a mapping with `targets`, or a list of them",
    "freeze": "must be a mapping with `cron` and `for`, or a list of them",
    "vault": "must be the name of a secret, {secret: name, id: id}, or a list",
}
_OTHER_EVENT: dict[str | int, tuple[str, type[BaseModel]]] = {
    "push": ("pull_request", PullRequestCondition),
    "pull_request": ("push", PushCondition),
}


def diagnostic_of(error: Any, data: object) -> Diagnostic:
    """Convert an error of pydantic (ErrorDetails) in `data`, routes.yaml as plain values."""
    location = _location_in_file(error["loc"], data)
    named = tuple(part for part in error["loc"] if part not in UNION_TAGS)
    if _is_of_key(error):
        reason = f"{_quote(error['input'])} is not a valid key: a key is text; put quotes around other values"
        return Diagnostic(
            _location_in_file(named[: named.index("[key]") - 1 if "[key]" in named else -1], data), reason
        )
    match error["type"]:
        case "missing":
            return Diagnostic(location, f"`{error['loc'][-1]}` is missing")
        case "extra_forbidden":
            return Diagnostic(location, f"unknown key{_hint_for_key(named)}", of_key=True)
        case "string_pattern_mismatch":
            pattern = error["ctx"]["pattern"]
            return Diagnostic(location, f"{_quote(error['input'])} is not {FORMATS.get(pattern, pattern)}")
        case _ if error["input"] is None:
            return Diagnostic(location, NO_VALUE)
        case "string_type" if isinstance(error["input"], (bool, int, float)):
            return Diagnostic(location, f"must be text, not {_quote(error['input'])}: put it in quotes")
        case "value_error":
            return Diagnostic(location, str(error["ctx"]["error"]))
        case kind:
            expected = _expected(kind, named) or error["msg"].replace("Input should be", "must be")
            return Diagnostic(location, f"{expected}, not {_quote(error['input'])}")


def _expected(kind: str, named: Location) -> str | None:
    """Describe the expected value, for some keys of a route in more detail than pydantic."""
    of_route = named[:1] in (("routes",), ("defaults",))
    if kind == "union_tag_invalid" or (of_route and kind.endswith("_type")):
        return _EXPECTED_OF.get(_key_of(named)) or _EXPECTED.get(kind)
    return _EXPECTED.get(kind)


def _location_in_file(location: Location, data: object) -> Location:
    """Return `location` as far as it exists in the file, without union tags and indexes of single values."""
    location_in_file: list[str | int] = []
    for part in location:
        if part in UNION_TAGS or (isinstance(part, int) and not isinstance(data, list)):
            continue
        keys: object = range(len(data)) if isinstance(data, list) else data
        if not isinstance(keys, (range, dict)) or part not in keys:
            break
        data = cast("dict[str | int, object]", data)[part]
        location_in_file.append(part)
    return tuple(location_in_file)


def _is_of_key(error: Any) -> bool:
    """Whether the error is a key that is not text."""
    return error["type"] == "invalid_key" or ("[key]" in error["loc"] and not isinstance(error["input"], str))


def _key_of(location: Location) -> str:
    """The key at a location, without `-ignore`."""
    return next((part for part in reversed(location) if isinstance(part, str)), "").removesuffix("-ignore")


def _keys_at(location: Location) -> list[str]:
    """The valid keys at `location` according to the models."""
    model: Any = Routes
    for part in location:
        if isinstance(part, str) and isinstance(model, type) and issubclass(model, BaseModel):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = _model_in(fields[part].annotation) if part in fields else model
    return _keys_of(model) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a part: those of its own class, then those that it inherits."""
    fields = sorted(model.model_fields.items(), key=lambda each: each[0] not in model.__annotations__)
    return [field.alias or name for name, field in fields]


def _model_in(annotation: Any) -> Any:
    """The model in an annotation such as `tuple[Route, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, RoutesPart):
        return annotation
    if isinstance(annotation, TypeAliasType):
        return _model_in(annotation.__value__)
    models = (_model_in(inner) for inner in getattr(annotation, "__args__", ()))
    return next((model for model in models if model), None)


def _hint_for_key(location: Location) -> str:
    *above, key = location
    if key == "environment" and above[:1] in (["routes"], ["defaults"]):
        return ": environment variables are `env`; `environment` is the label of an account or a target"
    elsewhere, model = _OTHER_EVENT.get(above[-1] if above else "", (None, None))
    if model and key in _keys_of(model):
        return f": it is a condition of {elsewhere}"
    return did_you_mean(str(key), _keys_at(tuple(above)))


def _quote(value: object) -> str:
    text = f"`{value}`" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    return cut(text, 60, ELLIPSIS)
