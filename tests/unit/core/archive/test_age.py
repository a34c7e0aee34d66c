"""The age of what waits for its digest is looked at every few minutes, not with each batch."""

from datetime import timedelta

from pointsman.adapters.archive_memory import MemoryArchive
from pointsman.core.archive.age import ArchiveAge
from pointsman.core.archive.stream import Segment
from tests.support.rollouts import MORNING, Clock


def test_the_oldest_hour_counts_and_it_is_looked_at_every_five_minutes() -> None:
    archive, clock = MemoryArchive(), Clock(MORNING)
    age = ArchiveAge(archive, clock)
    assert age.measure() == 0
    archive.put_segments([Segment(name=f"segments/2026-11-23T{hour}/1.jsonl.gz", content=b"") for hour in ("07", "05")])
    clock.now += timedelta(minutes=4)
    assert age.measure() is None
    clock.now += timedelta(minutes=1)
    assert age.measure() == 3 * 3600 + 300


def test_what_an_operator_read_from_the_table_does_not_count() -> None:
    archive = MemoryArchive()
    archive.put_segments([Segment(name="segments/from-table/2026-11-23T01/1.jsonl.gz", content=b"")])
    assert ArchiveAge(archive, Clock(MORNING)).measure() == 0
