"""Everything about one event, on a page for people."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pointsman.core.index.event_names import name_of_event
from pointsman.core.trail.item import ReadEvent
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.shapes import event_object
from pointsmanctl.output.times import local
from pointsmanctl.output.trail_table import describe

_SHOWN_ABOVE = ("tasks", "decisions", "at", "type", "version")  # in words, or in the first lines


def event_page(event: ReadEvent) -> RenderableType:
    """Return an event: in words, with every task and diff, then each field."""
    event = sanitized(event)
    head, *details = describe(event, diffs=True)
    title = Text(event.type, "bold").append(f"  {name_of_event(event)}", "default")
    return Group(title, "", head, *(Padding(each, (0, 0, 0, 4)) for each in details), "", _fields(event))


def _fields(event: ReadEvent) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in _rows(event):
        table.add_row(name, Text(text))
    return table


def _rows(event: ReadEvent) -> Iterator[tuple[str, str]]:
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
