"""A trail, its stream, its archive and who verifies it, on the twins."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pointsman.adapters.archive_memory import MemoryArchive
from pointsman.adapters.kept_segments_memory import MemoryKeptSegments
from pointsman.adapters.signer_memory import MemorySigner
from pointsman.core.archive.archiver import Archiver
from pointsman.core.archive.findings import Verification
from pointsman.core.archive.keep import WholeArchive, store_or_keep
from pointsman.core.archive.stream import ChangeKind, Segment, StreamedItem, segments_of
from pointsman.core.archive.verify import Verifier
from pointsman.core.trail.event import Event
from pointsman.core.trail.item import EXPIRES_AT, to_item
from pointsman.errors import Misconfigured
from pointsmanctl.stack.signatures import is_signature
from tests.support.rollouts import MORNING

type Key = tuple[str, str]


class RefusingArchive(MemoryArchive):
    """An archive whose bucket can refuse segments."""

    refuses = False

    def put_segments(self, segments: Iterable[Segment]) -> None:
        if self.refuses:
            raise Misconfigured("AccessDenied")
        super().put_segments(segments)


class ArchivedTrail:
    """A table with a stream that reaches the archive. The stream does not see what a test does to `table`."""

    def __init__(self, **options: Any) -> None:
        self.table: dict[Key, dict[str, Any]] = {}
        self.archive, self.signer, self.now = RefusingArchive(), MemorySigner(), MORNING
        self.kept = MemoryKeptSegments()
        self._sequence, self._days = itertools.count(1), options.get("expire_after_days")
        self.archiver = Archiver(self.whole, self.signer, "audit", **options)

    @property
    def whole(self) -> WholeArchive:
        """The archive with what it refused."""
        return WholeArchive(self.archive, self.kept)

    def record(self, *events: Event) -> None:
        """Record events now, in one batch of the stream."""
        self.stream(*(self.put(event) for event in events))

    def put(self, event: Event, change: ChangeKind = "INSERT", **more: Any) -> StreamedItem:
        """Put an item into the table, as a writer does. Return what the stream will deliver."""
        expiry = {EXPIRES_AT: int((self.now + timedelta(days=self._days)).timestamp())} if self._days else {}
        item = {**plain(to_item(event)), **expiry, **more}
        self.table[item["pk"], item["sk"]] = item
        return self.change(item, change)

    def change(self, item: Mapping[str, Any], change: ChangeKind) -> StreamedItem:
        """A record of the stream."""
        return StreamedItem(
            change=change,
            partition=item["pk"],
            key=item["sk"],
            sequence=next(self._sequence),
            written_at=self.now,
            item=dict(item),
        )

    def stream(self, *changes: StreamedItem) -> None:
        """Deliver a batch to audit_indexer."""
        store_or_keep(segments_of(changes), self.archive, self.kept)

    def close(self, hours: int = 1) -> int:
        """Let hours pass, and close what has ended. Return how many hours were closed."""
        self.now += timedelta(hours=hours)
        return len(list(self.archiver.run(lambda: self.now, lambda: False)))

    def items(self, partitions: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
        """See TrailPartitions.items."""
        return {
            each: [item for (partition, _), item in sorted(self.table.items()) if partition == each]
            for each in partitions
        }

    def verify(
        self, first: datetime | None = None, until: datetime | None = None, *, offline: bool = False
    ) -> Verification:
        """Verify now."""
        trail = None if offline else self
        return Verifier(self.whole, self.archive.public_keys(), is_signature, trail, self.now).verify(first, until)

    def found(self, **options: Any) -> list[tuple[str, str, str | None]]:
        """What a verification finds: kind, place and key."""
        return [(each.kind, each.where, each.key) for each in self.verify(**options).findings]


def plain(value: Any) -> Any:
    """An item as it is read from the table."""
    from pointsman.adapters.dynamodb import marshal, unmarshal  # noqa: PLC0415

    return unmarshal(marshal(value))
