"""Adds events of the trail to the archive that the stream did not deliver."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from pointsman.adapters.dynamodb import segment_of
from pointsman.core.archive.digest import DIGESTS, SignedDigest
from pointsman.core.archive.keep import WholeArchive
from pointsman.core.archive.stream import is_on_its_way, read_segment, segment_from_table
from pointsman.core.trail.item import time_of
from pointsmanctl.stack.archive import archive_of

if TYPE_CHECKING:
    from pointsmanctl.stack.connection import Connection

# What is younger may still be on its way through the stream, which keeps a record for a day.
SETTLED_AFTER: Final = timedelta(days=1)
_EVENTS: Final = 1_000  # in a segment
_AT_ONCE: Final = 200

type _Key = tuple[str, str]


def backfill(connection: "Connection", now: datetime, *, store: bool) -> tuple[int, int]:
    """Store what is missing, if `store`. Return how many events there are, and how many are missing.

    Raises Unavailable or Misconfigured.
    """
    archive = archive_of(connection)
    known = _archived(archive)
    events = missing = 0
    for page in segment_of(connection.dynamodb, "reading the audit trail", connection.audit_table, 0, 1):
        events += len(page)
        new = [item for item in page if (item["pk"], item["sk"]) not in known and _is_settled(item, now)]
        missing += len(new)
        for batch in batched(new, _EVENTS) if store else ():
            archive.put_segments([segment_from_table(batch, now)])
    return events, missing


def _is_settled(item: dict[str, Any], now: datetime) -> bool:
    return not is_on_its_way(time_of(item), now - SETTLED_AFTER, now)


def _archived(archive: WholeArchive) -> set[_Key]:
    """The keys of every event that a digest has, or will have."""
    known = {(change.partition, change.key) for each in _waiting(archive) for change in read_segment(*each)}
    for names in batched(archive.digest_names(DIGESTS, f"{DIGESTS}~"), _AT_ONCE):
        for content in archive.digests(names).values():
            known |= {(link.partition, link.key) for link in SignedDigest.read_bytes(content).digest.links}
    return known


def _waiting(archive: WholeArchive) -> Iterator[tuple[str, bytes]]:
    for names in batched(archive.waiting(), _AT_ONCE):
        yield from archive.load(names).items()
