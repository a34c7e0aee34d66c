"""Everything about one event, on a page for people."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pointsman.core.index.event_names import name_of_event
from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.item import ReadEvent
from pointsmanctl.output.event_fields import event_fields
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.trail_table import describe


def event_page(event: ReadEvent, note: str = "") -> RenderableType:
    """Return an event: in words, with every task and diff, then each field. `note`: what others say of it."""
    event = sanitized(event)
    own = event_fields(event)
    if isinstance(event, HostResultRecorded):
        event = event.replace(final=True)  # the other parts of the host's result are events of their own
    head, *details = describe(event, diffs=True)
    if note:
        details.append(Text(note, "yellow"))
    title = Text(event.type, "bold").append(f"  {name_of_event(event)}", "default")
    return Group(title, "", head, *(Padding(each, (0, 0, 0, 4)) for each in details), "", _fields(own))


def _fields(fields: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in fields:
        table.add_row(name, Text(text))
    return table
