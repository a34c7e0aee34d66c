"""Compares the partitions of the trail with what was archived of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from pointsman.core.archive.chain import ChainLink, agrees
from pointsman.core.archive.digest import Digest
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.findings import Finding, of_event, owners
from pointsman.core.trail.item import digest as hash_of
from pointsman.core.trail.item import time_of
from pointsman.core.value import Value

_of_item = partial(of_event, "trail")
_TOLERANCE: Final = timedelta(hours=1)  # between the clock of the writer and DynamoDB's


class TrailPartitions(Protocol):
    """The trail, by partition."""

    def items(self, partitions: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
        """The items of each partition. Raises Unavailable or Misconfigured."""


class ArchivedItem:
    """What digests say of an item of the trail: one link, or more if it was altered."""

    def __init__(self) -> None:
        self.links: list[tuple[Digest, ChainLink]] = []


class UnknownItem(Value, kw_only=True, frozen=True):
    """An item of the trail that no digest of the range has."""

    partition: str
    key: str
    at: datetime | None  # None: it has no valid time
    sha256: str


class PartitionCheck:
    """Compares partitions of the trail. What remains is in `unknown`."""

    def __init__(self, errata: Errata, now: datetime) -> None:
        self._errata, self._now = errata, now
        self.archived: dict[str, dict[str, ArchivedItem]] = {}
        self.unknown: list[UnknownItem] = []
        self.corrected = self.expired = 0

    def note(self, digest: Digest) -> None:
        """Note what a digest says of its partitions."""
        alone = digest.replace(links=(), segments=())  # what is kept must not keep the other links
        for link in digest.links:
            partition = self.archived.setdefault(link.partition, {})
            partition.setdefault(link.key, ArchivedItem()).links.append((alone, link))

    def close(self, partition: str) -> list[Finding]:
        """Forget a partition of which no digest says more. Return what the stream has seen that is no erratum."""
        return [finding for item in self.archived.pop(partition).values() for finding in self._alterations(item)]

    def _alterations(self, item: ArchivedItem) -> Iterator[Finding]:
        """Whether an event was overwritten or removed."""
        before: ChainLink | None = None
        for digest, now in item.links:
            if now.change == "REMOVE":
                yield _of_item("removed", digest, now, f"was removed at {now.written_at:%Y-%m-%d %H:%M:%S}")
            elif not self._follows(before, now):
                yield _of_item("changed", digest, now, f"was overwritten at {now.written_at:%Y-%m-%d %H:%M:%S}")
            before = now

    def compare(self, partition: str, items: Sequence[Mapping[str, Any]]) -> list[Finding]:
        """Compare a partition of the trail with what was archived of it."""
        archived, stored = self.archived[partition], {item["sk"]: item for item in items}
        self.unknown += [_unknown(item) for key, item in stored.items() if key not in archived]
        findings, different = [], dict[str, tuple[str, str]]()
        for key, item in archived.items():
            digest, link = item.links[-1]
            if link.change == "REMOVE":
                continue
            if key not in stored:
                if not self._has_expired(digest, item):
                    findings.append(_of_item("removed", digest, link, "is not in the trail"))
                continue
            sha256 = hash_of(stored[key].get("data"))
            if sha256 == link.sha256 and agrees(stored[key]):
                continue
            if agrees(stored[key]) and self._explains(link, sha256):
                self.corrected += 1
            else:
                different[key] = (link.sha256, sha256)
        return findings + [_different(archived[key], owner, is_own=owner == key) for key, owner in owners(different)]

    def _follows(self, before: ChainLink | None, now: ChainLink) -> bool:
        """Whether an item may be what it is `now`: new, stored once more as it was, or changed by an erratum."""
        if now.change == "INSERT" and (before is None or before.sha256 == now.sha256):
            return True
        return self._accounts_for(before, now)

    def _accounts_for(self, before: ChainLink | None, now: ChainLink) -> bool:
        """Whether an erratum made an item what it is `now`. What it was before may be before the range."""
        if before is None:
            return self._errata.before(now.partition, now.key, now.sha256) is not None
        return self._explains(before, now.sha256)

    def _explains(self, link: ChainLink, sha256: str) -> bool:
        return self._errata.explain(link.partition, link.key, link.sha256, sha256)

    def _has_expired(self, digest: Digest, item: ArchivedItem) -> bool:
        first, link = item.links[0]
        if link.expires_at is not None:
            expired = 0 < link.expires_at <= (self._now + _TOLERANCE).timestamp()
        else:
            days = first.expire_after_days
            expired = days is not None and self._now >= link.written_at + timedelta(days=days) - _TOLERANCE
        self.expired += expired
        return expired


def _unknown(item: Mapping[str, Any]) -> UnknownItem:
    return UnknownItem(
        partition=item["pk"],
        key=item["sk"],
        at=time_of(item),
        sha256=hash_of(item.get("data")),
    )


def _different(item: ArchivedItem, owner: str, *, is_own: bool) -> Finding:
    if is_own:
        return _of_item("changed", *item.links[-1], "is not in the trail as it was archived")
    return _of_item("reordered", *item.links[-1], f"has the content of {owner} in the trail")
