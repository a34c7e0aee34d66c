"""The events of the trail: what each says, its fields, and the sample in events/ours/."""

import inspect
import types
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAliasType, Union, get_args, get_origin

import msgspec

from pointsman.core.trail.event import Event
from pointsman.core.trail.events import TrailEvent
from tools.markdown import block, code, page, table
from tools.reference.comments import field_comments
from tools.reference.stacks import ROOT

INTRODUCTION = """\
The audit trail is a list of events. Each is a fact, named in the past tense, and never changes. Fields are added but
never renamed; a change of meaning raises `version`, and readers ignore fields that they do not know. `pointsman audit
-o json` prints events in this form, without fields that have no value.
"""
_COMMON: Final = tuple(Event.__struct_fields__)


def trail_events() -> str:
    """Return the page."""
    kinds = get_args(TrailEvent.__value__)
    contents = table(
        ["event", "meaning"], [[f"[{each.__name__}](#{each.__name__.lower()})", _summary(each)] for each in kinds]
    )
    values = list(dict.fromkeys(value for kind in kinds for value in _values_of(kind)))
    return page(
        "Events of the trail",
        "`core/trail/events.py` and `events/ours/`",
        INTRODUCTION,
        contents,
        "## Fields of every event\n",
        "`type` is the event's name. Those without a value are left out.\n",
        _fields(Event, _COMMON),
        *(part for kind in kinds for part in _event(kind)),
        *(part for value in values for part in _value(value)),
    )


def _event(kind: type[Any]) -> Iterator[str]:
    yield f"## {kind.__name__}\n"
    yield inspect.cleandoc(kind.__doc__ or "") + "\n"
    required = [name for name in _COMMON if name in _required(kind) and name not in _required(Event)]
    if required:
        yield f"Always has {', '.join(code(name) for name in required)}.\n"
    yield _fields(kind, [name for name in kind.__struct_fields__ if name not in _COMMON])
    yield block((ROOT / f"events/ours/{kind.__name__}.json").read_text(), "json")


def _value(kind: type[Any]) -> Iterator[str]:
    yield f"## {kind.__name__}\n"
    yield inspect.cleandoc(kind.__doc__ or "") + "\n"
    yield _fields(kind, kind.__struct_fields__)


def _fields(kind: type[Any], names: Any) -> str:
    comments = field_comments(kind)
    described = {each.name: each for each in msgspec.structs.fields(kind)}
    return table(
        ["field", "type", "always", "meaning"],
        [
            [code(name), _type(described[name].type), "yes" if described[name].required else "", comments.get(name, "")]
            for name in names
        ],
    )


def _required(kind: type[Any]) -> set[str]:
    return {each.name for each in msgspec.structs.fields(kind) if each.required}


def _summary(kind: type[Any]) -> str:
    return inspect.cleandoc(kind.__doc__ or "").split("\n\n", maxsplit=1)[0]


def _values_of(kind: type[Any]) -> Iterator[type[Any]]:
    """Yield the objects that an event contains, and those within them."""
    for each in msgspec.structs.fields(kind):
        for part in _parts(each.type):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield part
                yield from _values_of(part)


def _parts(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for each in arguments:
        yield from _parts(each)


def _type(annotation: Any) -> str:
    """Return a field's type as JSON has it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(code(str(each)) for each in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(each) for each in arguments if each is not type(None))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "object"
    if origin is Annotated:
        return _type(arguments[0])
    if isinstance(annotation, TypeAliasType):
        return _type(annotation.__value__)
    return _simple(annotation)


def _simple(annotation: Any) -> str:
    known = {
        Any: "any value",
        str: "text",
        int: "number",
        float: "number",
        bool: "true or false",
        datetime: "time",
    }
    supertype = getattr(annotation, "__supertype__", annotation)
    if supertype in known:
        return known[supertype]
    if issubclass(supertype, msgspec.Struct):
        return f"[{supertype.__name__}](#{supertype.__name__.lower()})"
    return ", ".join(code(each.value) for each in supertype)
