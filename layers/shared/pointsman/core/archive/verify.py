"""Proves that a range of the trail is complete and unaltered, or names what is not.

It compares three things: the digests with their signatures and each other, the export with the digests, and the trail
with the digests. The trail is read by the partitions that the digests name, never as a whole. docs/tamper-evidence.md
says what this proves, and what not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any, Final

from pointsman.core.archive.chain import ArchivedEvent, Head
from pointsman.core.archive.check_digests import CheckSignature, DigestCheck
from pointsman.core.archive.check_lines import check_lines
from pointsman.core.archive.check_trail import PartitionCheck, TrailPartitions, UnknownItem
from pointsman.core.archive.digest import CLOSES_AFTER, HOUR, Digest, begins_before, digest_name, is_digest_name
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.findings import Finding, Verification, of_digest
from pointsman.core.archive.ports import ArchiveReader
from pointsman.core.archive.stream import CLOCKS, hour_of, is_on_its_way, read_segment
from pointsman.core.archive.survey import Survey, SurveyedHour

_FIRST: Final = digest_name(datetime(2000, 1, 1, tzinfo=UTC))
_LAST: Final = digest_name(datetime(2999, 1, 1, tzinfo=UTC))
_AT_ONCE: Final = 100  # objects or partitions that are read at a time
_LINKS: Final = 20_000  # events that are held, beside those of partitions that go on
_LATE: Final = timedelta(hours=6)
_ON_THE_WAY: Final = timedelta(minutes=15)  # to audit_indexer: an alarm rings if it takes longer
_BEHIND: Final = HOUR + CLOSES_AFTER + timedelta(hours=1)  # audit_archiver looks every half hour

type Progress = Callable[[str], None]


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
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """`ends`: the newest digest must be as new as the archiver makes them, which a saved archive cannot have.

        `clock`: the time while it reads, during which events are recorded; without it, that is no time.
        """
        self._archive, self._keys, self._check_signature = archive, keys, check_signature
        self._clock = clock or (lambda: now)
        self._trail, self._now, self._progress, self._ends = trail, now, progress, ends

    def verify(self, first: datetime | None = None, until: datetime | None = None) -> Verification:
        """Verify the hours from `first` on and before `until`; without them, the whole archive.

        Of events, only those of a few hours and of the partitions that go on are kept at a time.
        """
        start = hour_of(first) - HOUR if first else None  # the digest before has a hash to compare
        found = self._archive.digest_names(digest_name(start) if start else _FIRST, _LAST)
        names = [name for name in found if is_digest_name(name)]
        inside = [name for name in names if begins_before(name, until)]
        check = DigestCheck(self._keys, self._check_signature)
        survey = Survey(self._archive, check, Errata())
        for number, _ in enumerate(survey.read(inside, hour_of(first) if first else None), 1):
            self._progress(f"Reading digests: {number:,} of {len(inside):,}")
        findings = [each for each in check.findings if not first or each.hour >= hour_of(first)]
        if not survey.hours:
            return Verification(with_trail=self._trail is not None, findings=tuple(findings))
        findings += _lost_beginning(survey.hours[0], inside[0], first)
        findings += self._end(survey.hours[-1], until)
        judged = Judgement(self, survey)
        if (later := names[len(inside) :]) and judged.needs_later:
            judged = self._explained(judged, survey, later)
        return judged.result(findings)

    def _explained(self, judged: "Judgement", survey: Survey, later: Sequence[str]) -> "Judgement":
        """Take into account what was archived after the range: events that came late, and errata."""
        wanted = judged.unknown_keys
        after = Survey(self._archive, DigestCheck(self._keys, self._check_signature), survey.errata)
        archived = {
            (link.partition, link.key)
            for digest in after.read(later)
            for link in digest.links
            if (link.partition, link.key) in wanted
        }
        if after.has_errata and judged.differs:
            judged = Judgement(self, survey)
        judged.archived_later = archived
        return judged

    def _end(self, last: SurveyedHour, until: datetime | None) -> Iterator[Finding]:
        """Whether the range ends before it should."""
        missing = last.hour + HOUR
        is_wanted = missing < until if until else self._ends
        if is_wanted and missing + HOUR <= self._now - _BEHIND:
            detail = f"There is no digest since that of {last.hour:%Y-%m-%d %H:00}: read the log of audit_archiver"
            yield Finding(kind="missing", where="digest", hour=missing, detail=detail)

    def items_of(self, partitions: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The partitions of the trail with their items; nothing without a trail."""
        if self._trail is None:
            return
        for batch in batched(partitions, _AT_ONCE):
            yield from self._trail.items(batch).items()

    def report(self, text: str) -> None:
        """Say how far it is."""
        self._progress(text)

    def waiting(self) -> set[tuple[str, str]]:
        """The keys of events that audit_indexer has stored, and that no digest has yet."""
        found = set[tuple[str, str]]()
        for batch in batched(self._archive.waiting(), _AT_ONCE):
            for name, content in self._archive.load(batch).items():
                found |= {(change.partition, change.key) for change in read_segment(name, content)}
        return found

    @property
    def now(self) -> datetime:
        """The time of the verification."""
        return self._now

    def may_be_on_its_way(self, at: datetime | None) -> bool:
        """Whether audit_indexer may still bring an event of this time, which the trail had when it was read."""
        return is_on_its_way(at, self._now - _ON_THE_WAY, self._clock())

    @property
    def has_trail(self) -> bool:
        """Whether there is a trail to compare with."""
        return self._trail is not None


class Judgement:
    """What follows from the hours of a survey."""

    def __init__(self, verifier: Verifier, survey: Survey) -> None:
        self._verifier, self._survey = verifier, survey
        self._lines: list[Finding] = []
        self._trail: list[Finding] = []
        self._partitions = PartitionCheck(survey.errata, verifier.now)
        self._ended: list[str] = []
        self.archived_later: set[tuple[str, str]] = set()
        self._events = self._late = self._from_table = 0
        self._first_late: str | None = None
        self._judge()

    def _judge(self) -> None:
        heads: dict[str, Head] = {}
        held = 0
        for number, (hour, digest, lines) in enumerate(self._survey.again(), 1):
            self._verifier.report(f"Checking hours: {number:,} of {len(self._survey.hours):,}")
            self._lines += check_lines(digest, lines, self._survey.errata, heads)
            self._partitions.note(digest)
            self._count(digest, lines or ())
            ended = {link.partition for link in digest.links if self._survey.ends[link.partition] == hour.hour}
            self._ended += sorted(ended)
            for name in ended:
                heads.pop(name, None)
            held += len(digest.links)
            if held >= _LINKS or len(self._ended) >= _AT_ONCE:
                self._compare()
                held = 0
        self._compare()

    def _count(self, digest: Digest, lines: Sequence[ArchivedEvent]) -> None:
        self._events += len(digest.links)
        self._from_table += sum(link.from_table for link in digest.links)
        late = [each for each in lines if not each.from_table and each.written_at - each.event_time > _LATE]
        self._late += len(late)
        if late and not self._first_late:
            self._first_late = f"{late[0].event_key} of {late[0].event_partition}"

    def _compare(self) -> None:
        """Compare the partitions of which no later digest says more with the trail, and forget them."""
        for name, items in self._verifier.items_of(self._ended):
            self._trail += self._partitions.compare(name, items)
        for name in self._ended:
            self._trail += self._partitions.close(name)
        self._ended.clear()

    @property
    def differs(self) -> bool:
        """Whether something is not as it was archived."""
        return bool(self._lines or self._trail)

    @property
    def unknown_keys(self) -> set[tuple[str, str]]:
        """The keys of items of the trail that no digest of the range has."""
        return {(each.partition, each.key) for each in self._partitions.unknown}

    @property
    def needs_later(self) -> bool:
        """Whether later digests may explain what was found."""
        return bool(self.differs or self._partitions.unknown)

    def result(self, of_digests: Sequence[Finding]) -> Verification:
        """The result of the verification."""
        hours = self._survey.hours
        older, waiting, inserted = self._unknown(hours[0])
        findings = sorted([*of_digests, *self._lines, *self._trail, *inserted], key=lambda each: each.order)
        return Verification(
            first=hours[0].hour,
            until=hours[-1].hour + HOUR,
            complete_from=hours[0].complete_from,
            hours=len(hours),
            events=self._events,
            keys=tuple(dict.fromkeys(each.key for each in hours)),
            with_trail=self._verifier.has_trail,
            corrected=self._partitions.corrected,
            expired=self._partitions.expired,
            late=self._late,
            first_late=self._first_late,
            from_table=self._from_table,
            older=older,
            waiting=waiting,
            findings=tuple(findings),
        )

    def _unknown(self, first: SurveyedHour) -> tuple[int, int, list[Finding]]:
        """Of the items that no digest of the range has: how many are older, how many wait, and which were inserted."""
        unknown = [each for each in self._partitions.unknown if (each.partition, each.key) not in self.archived_later]
        older = [each for each in unknown if each.at and each.at < first.complete_from]
        start = max(first.complete_from, first.hour + CLOCKS) if first.previous else first.complete_from
        rest = [each for each in unknown if not (each.at and each.at < start)]
        stored = self._verifier.waiting() if rest else set()
        strange = [
            each
            for each in rest
            if (each.partition, each.key) not in stored and not self._verifier.may_be_on_its_way(each.at)
        ]
        return len(older), len(rest) - len(strange), [_inserted(each, first) for each in strange]


def _lost_beginning(found: SurveyedHour, first_name: str, first: datetime | None) -> Iterator[Finding]:
    """Whether the range begins after it should: its first digest had one before it, which nothing else has shown."""
    begins_late = first is None or (found.hour > hour_of(first) and found.name == first_name)
    if begins_late and found.previous:
        yield of_digest("missing", found.hour - HOUR, "is missing, and maybe those before it")


def _inserted(item: UnknownItem, first: SurveyedHour) -> Finding:
    return Finding(
        kind="inserted",
        where="trail",
        hour=hour_of(item.at) if item.at else first.hour,
        partition=item.partition,
        key=item.key,
        detail=f"{item.key} of {item.partition} is in the trail, but was never archived",
    )
