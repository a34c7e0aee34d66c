"""The index of the trail in memory, for tests."""

from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from typing import Any

from pointsman.core.index.entries import StoredEntry
from pointsman.core.index.entry import HostEntry, IndexEntry
from pointsman.core.index.facets import Facet, partition
from pointsman.core.index.streams import FoundEntry, Page, PageRequest


class MemoryIndex:
    """Writes and reads entries."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._entries: dict[str, dict[str, IndexEntry]] = {}
        self._hosts: dict[tuple[str, str], HostEntry] = {}
        self._targets: set[str] = set()

    def write(self, put: Iterable[StoredEntry], delete: Iterable[StoredEntry]) -> None:
        """See EntryWriter.write."""
        with self._lock:
            for each in delete:
                self._entries.get(each.pk, {}).pop(each.sk, None)
            for each in put:
                self._entries.setdefault(each.pk, {})[each.sk] = IndexEntry.read(each.entry.to_dict())

    def keys(self) -> Iterator[tuple[str, str]]:
        """The partition and sort keys of all entries."""
        return ((partition, key) for partition, entries in self._entries.items() for key in entries)

    def put_host(self, stored: StoredEntry) -> None:
        """See EntryWriter.put_host."""
        entry = HostEntry.read(stored.entry.to_dict())
        key = (entry.host, entry.target)
        with self._lock:
            known = self._hosts.get(key)
            self._hosts[key] = entry if known is None or known.at <= entry.at else known

    def put_target(self, name: str) -> None:
        """See EntryWriter.put_target."""
        self._targets.add(name)

    def delete(self, keys: Iterable[tuple[str, str]]) -> None:
        """See IndexTable.delete."""
        with self._lock:
            for pk, sk in keys:
                self._entries.get(pk, {}).pop(sk, None)
                host, _, target = sk.partition("#")
                if pk == partition(Facet.HOSTS, "", host):
                    self._hosts.pop((host, target), None)
                if pk == partition(Facet.TARGETS, "", ""):
                    self._targets.discard(sk)

    def stored(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
        """See IndexTable.stored."""
        with self._lock:
            found = {(pk, sk): self._entries.get(pk, {}).get(sk) for pk, sk in keys}
        return {(pk, sk): {"pk": pk, "sk": sk, **entry.to_dict()} for (pk, sk), entry in found.items() if entry}

    def scan(self, segment: int, segments: int) -> Iterator[list[dict[str, Any]]]:
        """See IndexTable.scan. A page is a partition."""
        with self._lock:
            names = [name for number, name in enumerate(sorted(self._entries)) if number % segments == segment]
            pages = [list(self.stored((name, sk) for sk in self._entries[name]).values()) for name in names]
        yield from pages

    def pages(self, requests: Sequence[PageRequest]) -> list[Page]:
        """See EntryReader.pages."""
        with self._lock:
            return [self._page(each) for each in requests]

    def hosts(self, name: str | None = None) -> list[HostEntry]:
        """See EntryReader.hosts."""
        return [entry for key, entry in sorted(self._hosts.items()) if name in (None, key[0])]

    def targets(self) -> list[str]:
        """See EntryReader.targets."""
        return sorted(self._targets)

    def _page(self, request: PageRequest) -> Page:
        entries = self._entries.get(request.partition, {})
        keys = sorted((key for key in entries if request.oldest <= key < request.before), reverse=True)
        found = tuple(FoundEntry(sort_key=key, entry=entries[key]) for key in keys[: request.limit])
        return Page(entries=found, more=len(keys) > request.limit)
