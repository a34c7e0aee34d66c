"""A trail and its index in SQLite, with the sizes by which DynamoDB would charge."""

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pointsman.adapters.dynamodb import marshal
from pointsman.core.index.entries import StoredEntry
from pointsman.core.index.entry import HostEntry, IndexEntry
from pointsman.core.index.streams import FoundEntry, Page, PageRequest

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
READ_UNIT, WRITE_UNIT = 4096, 1024
EVENTUAL: Final = 0.5  # an eventually consistent read costs half
_TABLES: Final = """
CREATE TABLE entries (pk TEXT, sk TEXT, size INTEGER, entry BLOB, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE TABLE hosts (host TEXT, target TEXT, size INTEGER, entry BLOB, PRIMARY KEY (host, target));
CREATE TABLE targets (name TEXT PRIMARY KEY);
"""


def size_of(item: dict[str, Any]) -> int:
    """The bytes of an item: its names and values as DynamoDB counts them.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _size(value) for name, value in marshal(item).items())


def _size(value: Any) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "L":
            return 3 + sum(1 + _size(each) for each in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in content.items())
        case _:
            return 1


@dataclass
class Charge:
    """What a question has cost so far."""

    rounds: int = 0  # sequential round trips
    requests: int = 0
    read_units: float = 0.0


class SizedIndex:
    """The index, with what each question costs."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES)
        self.charge = Charge()
        self.written = self.write_units = self.stored_bytes = 0
        self.by_partition: Counter[str] = Counter()  # entries written

    def write(self, put: Iterable[StoredEntry], delete: Iterable[StoredEntry]) -> None:
        """See EntryWriter.write."""
        assert not list(delete)
        rows = []
        for each in put:
            size = size_of(each.item())
            self.written += 1
            self.write_units += math.ceil(size / WRITE_UNIT)
            self.stored_bytes += size
            self.by_partition[each.pk] += 1
            rows.append((each.pk, each.sk, size, msgspec.json.encode(each.entry.to_dict())))
        self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)

    def put_host(self, stored: StoredEntry) -> None:
        """See EntryWriter.put_host."""
        assert isinstance(stored.entry, HostEntry)
        self.write_units += 1
        row = (stored.entry.host, stored.entry.target, 300, msgspec.json.encode(stored.entry.to_dict()))
        self._connection.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?)", row)

    def put_target(self, name: str) -> None:
        """See EntryWriter.put_target."""
        self._connection.execute("INSERT OR REPLACE INTO targets VALUES (?)", (name,))

    def pages(self, requests: Sequence[PageRequest]) -> list[Page]:
        """See EntryReader.pages."""
        self.charge.rounds += 1
        return [self._page(each) for each in requests]

    def hosts(self, name: str | None = None) -> list[HostEntry]:
        """See EntryReader.hosts."""
        self._charge(1, 300)
        found = self._connection.execute("SELECT entry FROM hosts WHERE host = ?1 OR ?1 IS NULL", (name,))
        return [HostEntry.read_json(entry) for (entry,) in found]

    def targets(self) -> list[str]:
        """See EntryReader.targets."""
        self._charge(1, 300)
        return [name for (name,) in self._connection.execute("SELECT name FROM targets ORDER BY name")]

    def _page(self, request: PageRequest) -> Page:
        question = "SELECT sk, size, entry FROM entries WHERE pk = ? AND sk >= ? AND sk < ? ORDER BY sk DESC LIMIT ?"
        values = (request.partition, request.oldest, request.before, request.limit + 1)
        rows = self._connection.execute(question, values).fetchall()
        self._charge(0, sum(size for _, size, _ in rows))
        found = tuple(
            FoundEntry(sort_key=sk, entry=IndexEntry.read_json(entry)) for sk, _, entry in rows[: request.limit]
        )
        return Page(entries=found, more=len(rows) > request.limit)

    def _charge(self, rounds: int, size: int) -> None:
        self.charge.rounds += rounds
        self.charge.requests += 1
        self.charge.read_units += max(math.ceil(size / READ_UNIT), 1) * EVENTUAL
