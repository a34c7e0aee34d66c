"""The fields of an event in words, for the terminal and the console."""

import json
from collections.abc import Iterator
from typing import Any

from pointsman.core.trail.item import ReadEvent
from pointsmanctl.output.shapes import event_object
from pointsmanctl.output.times import local

_SHOWN_ABOVE = ("tasks", "decisions", "at", "type", "version")  # in words, or in the first lines


def event_fields(event: ReadEvent) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each field."""
    here = local(event.at)
    yield "at", f"{here:%Y-%m-%d %H:%M:%S.%f %Z}"
    for name, value in event_object(event).items():
        if name not in _SHOWN_ABOVE and value not in ([], {}, ""):
            yield name, _text(value)
    yield "partition", event.partition
    yield "key", event.key


def _text(value: Any) -> str:
    """Return a value on one line: words as they are, lists of words with commas, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
