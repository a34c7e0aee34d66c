"""The name of an event, by which a person asks for it: `t5kq3w-3f2a9c0d1e2b`.

It is the second of the event's time in base 36, and the event's id in the index. So a listed event is found by its name
among the events of one second, without an entry of its own for it.
"""

import re
from datetime import UTC, datetime
from typing import Final

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.facets import Facet, event_id, partition, partitions
from pointsman.core.index.streams import NEWEST, EntryReader, EntryStream, spans_of
from pointsman.core.trail.event import Event
from pointsman.core.trail.item import timestamp

SHORT: Final = 13  # characters of a name in tables, as Git shortens a commit
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID: Final = 12  # hexadecimal digits
_NAME: Final = re.compile(r"([0-9a-z]{5,7})-([0-9a-f]{4,12})")
_TO_SECONDS: Final = 19  # characters of a timestamp


def name_of_entry(entry: IndexEntry) -> str:
    """The name of an entry's event."""
    return _name(entry.at, event_id(entry.event_partition, entry.event_key))


def name_of_event(event: Event) -> str:
    """The name of an event that is stored where this version stores it."""
    return _name(event.at, event_id(event.partition, event.key))


def is_name(text: str) -> bool:
    """Whether a text is the name of an event, or the beginning of one with four or more digits of the id."""
    return _NAME.fullmatch(text) is not None


def find_named(reader: EntryReader, text: str) -> list[IndexEntry]:
    """The entries of the events whose names begin with `text`: one as a rule. Raises Unavailable or Misconfigured."""
    match = _NAME.fullmatch(text)
    if match is None:
        return []
    second, identity = datetime.fromtimestamp(int(match[1], 36), UTC), match[2]
    beginning = timestamp(second)[:_TO_SECONDS]
    names = [partition(Facet.TIME, "", identity)] if len(identity) == _ID else partitions(Facet.TIME)
    stream = EntryStream(reader, spans_of(names, beginning, f"{beginning}{NEWEST}"))
    return [each.entry for each in stream if each.sort_key.partition("#")[2].startswith(identity)]


def _name(at: datetime, identity: str) -> str:
    return f"{_base36(max(int(at.timestamp()), 0))}-{identity}"  # a time before 1970 is no time of an event


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
