"""The event that a person names."""

import re
from typing import TYPE_CHECKING

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.index.event_names import find_named, is_name, name_of_entry
from pointsman.core.index.facets import event_id
from pointsman.core.text import join_first
from pointsman.core.trail.item import ReadEvent
from pointsmanctl.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from pointsmanctl.stack.trail_query import TrailReader

_OF_A_ROLLOUT = re.compile(r"(r-[0-9a-f]{16})/([0-9a-f]{4,12})")


def find_event(reader: "TrailReader", text: str, key: str | None = None) -> ReadEvent:
    """Find an event by its name, its rollout and id, or its partition and key. Raises NotFound or InvalidInput.

    It has its long diffs as a whole, which are in other events of the table.
    """
    if key is not None:
        found = DynamoTrail(reader.client, reader.audit_table).event(text, key)
        events = [found] if found else []
    elif match := _OF_A_ROLLOUT.fullmatch(text):
        every = reader.of_rollout(match[1])
        if every is None:
            raise InvalidInput(f"{match[1]} has too many events to look among them: give its partition and its key")
        events = [each for each in every if event_id(each.partition, each.key).startswith(match[2])]
    elif is_name(text):
        events = _named(reader, text)
    else:
        raise InvalidInput(
            f"{text!r} is not an event: give its name from a list, such as t5kq3w-3f2a9c, or its partition and its key"
        )
    if not events:
        raise NotFound(f"the trail has no event {text if key is None else f'{text} {key}'}")
    if len(events) > 1:
        names = [f"{text.partition('/')[0]}/{event_id(each.partition, each.key)}" for each in events]
        raise InvalidInput(f"{text!r} is the beginning of several events: {join_first(names)}")
    return reader.whole(events)[0]


def _named(reader: "TrailReader", text: str) -> list[ReadEvent]:
    entries = find_named(reader.index, text)
    if len(entries) > 1:
        names = [name_of_entry(each) for each in entries]
        raise InvalidInput(f"{text!r} is the beginning of several events: {join_first(names)}")
    return list(reader.load(entries).values())
