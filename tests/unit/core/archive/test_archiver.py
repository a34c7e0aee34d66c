"""Hours are closed once each, whatever is repeated, late or interrupted."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest

from pointsman.adapters.expiry_memory import MemoryExpiry
from pointsman.core.archive.archiver import Archiver
from pointsman.core.archive.digest import SignedDigest
from pointsman.core.archive.expiry import guard_expiry
from pointsman.core.archive.lines import pack, unpack
from pointsman.core.archive.stream import hour_name, segment_from_table, segment_hour, segments_of
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.item import digest, to_item
from pointsman.errors import Unreadable
from tests.support.archive import ArchivedTrail, RefusingArchive, plain
from tests.support.events import DEV, PROD, host, reported, started_rollout, started_run, task
from tests.support.rollouts import MORNING

START, RUN, BUILD = started_rollout(DEV, PROD), started_run(DEV, at=2), reported(DEV, at=3)


def lines(trail: ArchivedTrail) -> list[dict[str, Any]]:
    """The export, hour by hour."""
    return [
        line for name, content in sorted(trail.archive.export.items()) if "events/" in name for line in unpack(content)
    ]


def test_every_hour_has_a_digest_with_the_hash_of_the_one_before_and_the_export_every_event() -> None:
    trail = ArchivedTrail()
    assert trail.close(3) == 1
    trail.record(START, RUN)
    assert trail.close(4) == 4
    digests = [SignedDigest.read_bytes(content) for _, content in sorted(trail.archive.locked.items())[:-1]]
    assert [each.digest.hour.hour for each in digests] == [9, 10, 11, 12, 13]
    assert [each.digest.previous for each in digests] == [None, *(each.sha256 for each in digests[:-1])]
    assert [len(each.digest.links) for each in digests] == [0, 0, 2, 0, 0]
    start, run = lines(trail)
    assert (start["number"], start["previous"], start["type"]) == (1, "", "RolloutStarted")
    assert (run["number"], run["previous"], run["data"]) == (2, start["link"], RUN.to_dict())
    assert trail.close(0) == 0


def test_an_hour_is_closed_a_quarter_of_an_hour_after_its_end() -> None:
    trail = ArchivedTrail()
    trail.close(1)
    trail.now += timedelta(minutes=14)
    assert trail.close(0) == 0
    trail.now += timedelta(minutes=1)
    assert trail.close(0) == 1


def test_what_the_stream_delivers_again_is_archived_once() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    changes = [trail.put(each) for each in (START, RUN, BUILD)]
    trail.stream(*changes)
    trail.stream(*changes)
    trail.stream(*changes[:2])  # a batch that was split
    trail.stream(*changes[2:])
    trail.close(2)
    trail.stream(*changes)  # hours later
    trail.stream(*changes[1:])
    trail.close(2)
    assert [line["event_key"] for line in lines(trail)] == [START.key, RUN.key, BUILD.key]
    assert trail.verify().proven
    assert trail.archive.waiting() == []


def test_an_event_that_came_late_is_in_the_next_digest() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    late = trail.put(START)
    trail.close(3)
    trail.stream(late)
    trail.close(1)
    [digest_of_it] = [
        SignedDigest.read_bytes(content).digest
        for name, content in trail.archive.locked.items()
        if name.startswith("digests/") and SignedDigest.read_bytes(content).digest.links
    ]
    assert (late.written_at.hour, digest_of_it.hour.hour) == (11, 13)
    assert trail.verify().proven


def test_a_batch_over_the_end_of_an_hour_is_in_both() -> None:
    trail = ArchivedTrail()
    first = trail.put(START)
    trail.now += timedelta(hours=1)
    names = [each.name for each in segments_of([trail.put(RUN), first])]
    assert [name.split("/")[1] for name in names] == ["2026-11-23T08", "2026-11-23T09"]


def test_more_than_fits_is_in_the_next_digest() -> None:
    trail = ArchivedTrail(most_bytes=1)
    trail.close(3)
    trail.record(START)
    trail.record(RUN)
    trail.record(BUILD)
    trail.close(2)
    assert len(lines(trail)) == 1
    trail.close(3)
    assert len(lines(trail)) == 3
    assert trail.verify().proven


class Interrupted(Exception):
    """The process was killed."""


class InterruptedArchive(RefusingArchive):
    """Dies at the nth write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left = -1

    def _count(self) -> None:
        if self.writes_left == 0:
            raise Interrupted
        self.writes_left -= 1

    def put(self, contents: Mapping[str, bytes]) -> None:
        for name, content in contents.items():
            self._count()
            super().put({name: content})

    def put_digest(self, name: str, content: bytes) -> None:
        self._count()
        super().put_digest(name, content)

    def delete(self, names: Collection[str]) -> None:
        for name in names:
            self._count()
            super().delete([name])


@pytest.mark.parametrize("writes", range(9))
def test_a_run_that_dies_at_any_write_is_finished_by_the_next(writes: int) -> None:
    trail = ArchivedTrail()
    archive = trail.archive = InterruptedArchive()
    trail.archiver = Archiver(archive, trail.signer, "audit")
    trail.close(3)
    trail.record(START, host(DEV, "web-1"))
    trail.record(RUN)
    archive.writes_left = writes
    try:
        trail.close(1)
    except Interrupted:
        archive.writes_left = -1
        trail.stream(trail.put(BUILD))  # the next hour goes on meanwhile
        trail.close(2)
    archive.writes_left = -1
    trail.close(2)
    assert trail.verify().proven
    assert {line["event_key"] for line in lines(trail)} >= {START.key, RUN.key}
    assert len(lines(trail)) == len({line["event_key"] for line in lines(trail)})
    assert trail.archive.waiting() == []


def test_two_runs_at_the_same_time_agree() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.record(START)
    other = Archiver(trail.archive, trail.signer, "audit")
    one = trail.archiver.run(lambda: trail.now + timedelta(hours=3), lambda: False)
    two = other.run(lambda: trail.now + timedelta(hours=3), lambda: False)
    next(one), next(two)
    hours = [*one, *two]
    assert len({each.hour for each in hours}) == len({each.sha256 for each in hours})
    trail.now += timedelta(hours=3)
    assert trail.verify().proven
    assert len(lines(trail)) == 1


def test_what_was_read_from_the_table_is_archived_as_such() -> None:
    trail = ArchivedTrail()
    trail.put(START)
    trail.put(RUN)
    trail.close(3)
    trail.archive.put_segments([segment_from_table(list(trail.table.values()), trail.now)])
    trail.record(BUILD)
    trail.close(2)
    assert [(line["event_key"], line["from_table"]) for line in lines(trail)] == [
        (START.key, True),
        (RUN.key, True),
        (BUILD.key, False),
    ]
    result = trail.verify()
    assert (result.proven, result.from_table, result.older) == (True, 2, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"notes", "not compressed JSON Lines"),
        (pack([{"partition": "ROLLOUT#r"}]), "Object missing required field `key`"),
    ],
    ids=["other bytes", "other fields"],
)
def test_an_object_that_is_no_segment_is_named_and_nothing_is_closed_without_it(content: bytes, reason: str) -> None:
    trail = ArchivedTrail()
    trail.record(START)
    name = f"segments/from-table/{hour_name(MORNING)}/notes.txt"
    trail.archive.export[name] = content
    with pytest.raises(Unreadable, match=rf"{name} is no segment: {reason}.*Move it elsewhere") as raised:
        trail.close(3)
    assert "audit backfill" in str(raised.value)
    assert lines(trail) == []
    del trail.archive.export[name]
    trail.close(1)
    assert [line["event_key"] for line in lines(trail)] == [START.key]


def test_a_folder_of_segments_that_is_no_hour_is_named() -> None:
    with pytest.raises(Unreadable, match="from-table/notes/a is no segment: its folder is no hour"):
        segment_hour("segments/from-table/notes/a")


# --- errata ---------------------------------------------------------------------------------------------------------


def erratum(trail: ArchivedTrail, leaked: Any, clean: Any) -> None:
    """Overwrite an event and record the erratum, as the break-glass role does."""
    before, after = (digest(plain(to_item(each))["data"]) for each in (leaked, clean))
    recorded = ErratumRecorded(
        at=trail.now,
        rollout=leaked.rollout,
        erratum="e-1",
        reason="a leak",
        item_partition=leaked.partition,
        item_key=leaked.key,
        fields=("tasks.0.name",),
        sha256_before=before,
        sha256_after=after,
    )
    trail.stream(trail.put(clean, "MODIFY"), trail.put(recorded))


@pytest.mark.parametrize("hours", [0, 1, 30])
def test_an_erratum_leaves_no_secret_in_the_archive_and_everything_proven(hours: int) -> None:
    trail = ArchivedTrail()
    trail.close(3)
    leaked = host(DEV, "web-1", tasks=[task(name="Set k8-Vr2mQz")]).replace(at=trail.now)
    trail.record(leaked, BUILD)
    trail.close(hours)
    erratum(trail, leaked, leaked.replace(tasks=()))
    trail.close(2)
    assert "k8-Vr2mQz" not in str([unpack(each) for name, each in trail.archive.export.items() if "events/" in name])
    assert trail.archive.waiting() == []
    result = trail.verify()
    assert result.findings == ()
    assert trail.verify(offline=True).proven


def test_an_erratum_of_an_event_that_was_read_from_the_table_leaves_everything_proven() -> None:
    trail = ArchivedTrail(expire_after_days=30)
    leaked = host(DEV, "web-1", tasks=[task(name="Set k8-Vr2mQz")]).replace(at=trail.now)
    trail.put(leaked)
    trail.close(3)
    trail.archive.put_segments([segment_from_table(list(trail.table.values()), trail.now)])
    trail.close(2)
    erratum(trail, leaked, leaked.replace(tasks=()))
    trail.close(2)
    assert "k8-Vr2mQz" not in str([unpack(each) for name, each in trail.archive.export.items() if "events/" in name])
    assert trail.verify().findings == ()


def test_an_erratum_of_later_explains_the_range_before_it() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    leaked = host(DEV, "web-1", tasks=[task(name="Set k8-Vr2mQz")]).replace(at=trail.now)
    trail.record(leaked)
    trail.close(2)
    erratum(trail, leaked, leaked.replace(tasks=()))
    trail.close(2)
    result = trail.verify(MORNING.replace(hour=11), MORNING.replace(hour=12))
    assert (result.findings, result.corrected) == ((), 1)


# --- expiry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "wanted", "lost", "on"),
    [
        (2, True, False, True),
        (24, True, False, True),
        (26, True, False, False),
        (2, False, False, False),
        (2, True, True, False),
        (None, True, False, False),
    ],
)
def test_events_expire_only_while_the_archive_is_up_to_date(
    hours: int | None, wanted: bool, lost: bool, on: bool
) -> None:
    expiry = MemoryExpiry()
    newest = None if hours is None else "digests/2026/11/23/07.json.gz"
    now = MORNING + timedelta(hours=hours or 0)
    assert guard_expiry(expiry, newest, now, wanted=wanted, lost=lost) == (on, on)
    assert expiry.on is on
    assert guard_expiry(expiry, newest, now, wanted=wanted, lost=lost) == (on, False)
