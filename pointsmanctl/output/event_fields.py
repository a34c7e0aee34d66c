"""The fields of an event in words, for the terminal and the console."""

import json
from collections.abc import Iterator
from typing import Any, Final

from pointsman.core.trail.item import ReadEvent
from pointsmanctl.output.shapes import event_object
from pointsmanctl.output.times import local

_SHOWN_ABOVE: Final = ("at", "type", "version")  # in the first lines
_PARTS: Final = ("tasks", "decisions")  # in words above, where not every field has room: a line for each
_IN_WORDS: Final = ("diff", "message")  # of a task, in full


def event_fields(event: ReadEvent) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each field."""
    here = local(event.at)
    yield "at", f"{here:%Y-%m-%d %H:%M:%S.%f %Z}"
    fields = event_object(event)
    for name, value in fields.items():
        if name not in (*_SHOWN_ABOVE, *_PARTS) and value not in ([], {}, ""):
            yield name, _text(value)
    yield "partition", event.partition
    yield "key", event.key
    for name in _PARTS:
        for number, part in enumerate(_list(fields.get(name))):
            yield f"{name}.{number}", _text(_facts(part))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _facts(part: Any) -> Any:
    """Return a task or a decision without what it does not have, and without what is shown above."""
    if not isinstance(part, dict):
        return part
    return {
        name: value
        for name, value in part.items()
        if name not in _IN_WORDS and value is not False and value not in ([], {}, "", None)
    }


def _text(value: Any) -> str:
    """Return a value on one line: words as they are, lists of words with commas, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
