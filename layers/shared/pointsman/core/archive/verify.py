"""Proves that a range of the trail is complete and unaltered, or names what is not.

It compares three things: the digests with their signatures and each other, the export with the digests, and the trail
with the digests. The trail is read by the partitions that the digests name, never as a whole. docs/tamper-evidence.md
says what this proves, and what not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any, Final

from pointsman.core.archive.chain import ArchivedEvent, Head
from pointsman.core.archive.check_digests import CheckSignature, check_digests
from pointsman.core.archive.check_lines import check_lines, read_lines
from pointsman.core.archive.check_trail import PartitionCheck, TrailPartitions, UnknownItem
from pointsman.core.archive.digest import CLOSES_AFTER, HOUR, Digest, SignedDigest, digest_hour, digest_name
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.findings import Finding, Verification, of_digest
from pointsman.core.archive.ports import ArchiveReader
from pointsman.core.archive.stream import hour_of, read_segment

_FIRST: Final = digest_name(datetime(2000, 1, 1, tzinfo=UTC))
_LAST: Final = digest_name(datetime(2999, 1, 1, tzinfo=UTC))
_AT_ONCE: Final = 200  # objects or partitions that are read at a time
_LATE: Final = timedelta(hours=6)
_CLOCKS: Final = timedelta(minutes=5)  # by which the clocks of writers may differ from DynamoDB's
_ON_THE_WAY: Final = timedelta(minutes=15)  # to audit_indexer: an alarm rings if it takes longer
_BEHIND: Final = HOUR + CLOSES_AFTER + timedelta(hours=1)  # audit_archiver looks every half hour

type Progress = Callable[[str], None]
type CheckedHour = tuple[SignedDigest, Digest, list[ArchivedEvent] | None]


class Verifier:
    """Verifies ranges. `keys` are the trusted public keys (PEM) by fingerprint; `trail` is None where there is none."""

    def __init__(
        self,
        archive: ArchiveReader,
        keys: Mapping[str, bytes],
        check_signature: CheckSignature,
        trail: TrailPartitions | None,
        now: datetime,
        progress: Progress = lambda _: None,
        *,
        ends: bool = True,
    ) -> None:
        """`ends`: the newest digest must be as new as the archiver makes them, which a saved archive cannot have."""
        self._archive, self._keys, self._check_signature = archive, keys, check_signature
        self._trail, self._now, self._progress, self._ends = trail, now, progress, ends

    def verify(self, first: datetime | None = None, until: datetime | None = None) -> Verification:
        """Verify the hours from `first` on and before `until`; without them, the whole archive."""
        start = hour_of(first) - HOUR if first else None  # the digest before has a hash to compare
        names = self._archive.digest_names(digest_name(start) if start else _FIRST, _LAST)
        inside = [name for name in names if until is None or digest_hour(name) < until]
        checked, findings = self._read(inside)
        if first:
            checked = [each for each in checked if each[1].hour >= hour_of(first)]
            findings = [each for each in findings if each.hour >= hour_of(first)]
        if not checked:
            return Verification(with_trail=self._trail is not None, findings=tuple(findings))
        if first is None and checked[0][1].previous:
            findings.append(_lost_beginning(checked[0][1]))
        findings += self._end(checked[-1][1], until)
        later = names[len(inside) :]
        judged = _Judgement(self, checked, findings)
        if later and judged.needs_later:
            judged.note_later(self._read(later)[0])
        return judged.result()

    def _read(self, names: Sequence[str]) -> tuple[list[CheckedHour], list[Finding]]:
        """Read digests with their events. Return those that can be trusted, and what is wrong with the others."""
        contents: dict[str, bytes] = {}
        for batch in batched(names, _AT_ONCE):
            contents |= self._archive.digests(batch)
            self._progress(f"Reading digests: {len(contents):,} of {len(names):,}")
        good, findings = check_digests(names, contents, self._keys, self._check_signature)
        files: dict[str, bytes] = {}
        for batch in batched([digest.file for _, digest in good if digest.file], _AT_ONCE):
            files |= self._archive.load(batch)
        return [(signed, digest, _lines_of(digest, files)) for signed, digest in good], findings

    def _end(self, last: Digest, until: datetime | None) -> Iterator[Finding]:
        """Whether the range ends before it should."""
        newest = self._now - _BEHIND if self._ends else last.hour
        wanted = min(until, self._now - _BEHIND) if until else newest
        missing = last.hour + HOUR
        if missing + HOUR <= wanted:
            detail = f"There is no digest since that of {last.hour:%Y-%m-%d %H:00}: read the log of audit_archiver"
            yield Finding(kind="missing", where="digest", hour=missing, detail=detail)

    def items_of(self, partitions: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The partitions of the trail with their items; nothing without a trail."""
        if self._trail is None:
            return
        for number, batch in enumerate(batched(partitions, _AT_ONCE)):
            self._progress(f"Comparing the trail: {number * _AT_ONCE:,} of {len(partitions):,} partitions")
            yield from self._trail.items(batch).items()

    def waiting(self) -> set[tuple[str, str]]:
        """The keys of events that audit_indexer has stored, and that no digest has yet."""
        found = set[tuple[str, str]]()
        for batch in batched(self._archive.waiting(), _AT_ONCE):
            for content in self._archive.load(batch).values():
                found |= {(change.partition, change.key) for change in read_segment(content)}
        return found

    @property
    def now(self) -> datetime:
        """The time of the verification."""
        return self._now

    @property
    def has_trail(self) -> bool:
        """Whether there is a trail to compare with."""
        return self._trail is not None


class _Judgement:
    """What follows from what was read."""

    def __init__(self, verifier: Verifier, hours: Sequence[CheckedHour], findings: list[Finding]) -> None:
        self._verifier, self._hours, self._digests = verifier, hours, findings
        self._errata = Errata()
        self._later: set[tuple[str, str]] = set()
        for _, _, lines in hours:
            self._errata.note(lines or ())
        partitions = list({link.partition: None for _, digest, _ in hours for link in digest.links})
        self._items = dict(verifier.items_of(partitions))
        self._judge()

    def _judge(self) -> None:
        self._lines: list[Finding] = []
        self._partitions = PartitionCheck(self._errata, self._verifier.now)
        heads: dict[str, Head] = {}
        for _, digest, lines in self._hours:
            self._lines += check_lines(digest, lines, self._errata, heads)
            self._partitions.note(digest)
        self._trail = [
            finding for name, items in self._items.items() for finding in self._partitions.compare(name, items)
        ]
        self._trail += self._partitions.alterations()

    @property
    def needs_later(self) -> bool:
        """Whether later digests may explain what was found."""
        return bool(self._lines or self._trail or self._partitions.unknown)

    def note_later(self, hours: Iterable[CheckedHour]) -> None:
        """Take into account what was archived after the range: events that came late, and errata."""
        for _, digest, lines in hours:
            self._errata.note(lines or ())
            for link in digest.links:
                self._later.add((link.partition, link.key))
        self._judge()

    def result(self) -> Verification:
        """The result of the verification."""
        digests = [digest for _, digest, _ in self._hours]
        events = [line for _, _, lines in self._hours for line in lines or ()]
        late = [each for each in events if not each.from_table and each.written_at - each.event_time > _LATE]
        older, waiting, inserted = self._unknown(digests[0])
        findings = sorted([*self._digests, *self._lines, *self._trail, *inserted], key=lambda each: each.order)
        return Verification(
            first=digests[0].hour,
            until=digests[-1].hour + HOUR,
            complete_from=digests[0].complete_from,
            hours=len(digests),
            events=sum(len(digest.links) for digest in digests),
            keys=tuple(dict.fromkeys(signed.key for signed, _, _ in self._hours)),
            with_trail=self._verifier.has_trail,
            corrected=self._partitions.corrected,
            expired=self._partitions.expired,
            late=len(late),
            first_late=f"{late[0].event_key} of {late[0].event_partition}" if late else None,
            from_table=sum(link.from_table for digest in digests for link in digest.links),
            older=older,
            waiting=waiting,
            findings=tuple(findings),
        )

    def _unknown(self, first: Digest) -> tuple[int, int, list[Finding]]:
        """Of the items that no digest of the range has: how many are older, how many wait, and which were inserted."""
        unknown = [each for each in self._partitions.unknown if (each.partition, each.key) not in self._later]
        older = [each for each in unknown if each.at and each.at < first.complete_from]
        start = max(first.complete_from, first.hour + _CLOCKS) if first.previous else first.complete_from
        rest = [each for each in unknown if not (each.at and each.at < start)]
        stored = self._verifier.waiting() if rest else set()
        recent = self._verifier.now - _ON_THE_WAY
        strange = [
            each for each in rest if (each.partition, each.key) not in stored and not (each.at and each.at > recent)
        ]
        return len(older), len(rest) - len(strange), [_inserted(each, first) for each in strange]


def _lines_of(digest: Digest, files: dict[str, bytes]) -> list[ArchivedEvent] | None:
    return read_lines(files.get(digest.file)) if digest.file else None


def _lost_beginning(digest: Digest) -> Finding:
    return of_digest("missing", digest.hour - HOUR, "is missing, and maybe those before it")


def _inserted(item: UnknownItem, first: Digest) -> Finding:
    return Finding(
        kind="inserted",
        where="trail",
        hour=hour_of(item.at) if item.at else first.hour,
        partition=item.partition,
        key=item.key,
        detail=f"{item.key} of {item.partition} is in the trail, but was never archived",
    )
