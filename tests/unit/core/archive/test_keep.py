"""While the bucket refuses segments, they are kept, and the archive has all of them later: once, in order, proven."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.archive.age import ArchiveAge
from pointsman.core.archive.lines import unpack
from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, PROD, reported, started_rollout, started_run

START, RUN, BUILD = started_rollout(DEV, PROD), started_run(DEV, at=2), reported(DEV, at=3)


def keys(trail: ArchivedTrail) -> list[str]:
    exports = sorted(name for name in trail.archive.export if "events/" in name)
    return [line["event_key"] for name in exports for line in unpack(trail.archive.export[name])]


def test_what_was_refused_between_two_stored_batches_is_archived_in_its_order() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.record(START)
    trail.archive.refuses = True
    trail.record(RUN)
    trail.archive.refuses = False
    trail.record(BUILD)
    assert (len(trail.archive.waiting()), len(trail.kept.kept), len(trail.whole.waiting())) == (2, 1, 3)
    trail.close(2)
    assert keys(trail) == [START.key, RUN.key, BUILD.key]
    assert (trail.verify().proven, trail.whole.waiting(), trail.kept.kept) == (True, [], {})


def test_a_bucket_that_refuses_for_a_day_leaves_no_gap() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.archive.refuses = True
    for event in (START, RUN, BUILD):
        trail.record(event)
        trail.now += timedelta(hours=8)
    trail.archive.refuses = False
    assert trail.close(1) == 25
    assert keys(trail) == [START.key, RUN.key, BUILD.key]
    assert trail.verify().proven


def test_a_verification_knows_what_is_kept() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.record(RUN.replace(at=trail.now))
    trail.close(3)
    trail.archive.refuses = True
    trail.record(START.replace(at=trail.now))
    trail.now += timedelta(minutes=50)
    assert trail.verify().findings == ()
    trail.kept.kept.clear()
    assert [(kind, key) for kind, _, key in trail.found()] == [("inserted", START.key)]


def test_the_age_of_the_archive_counts_what_is_kept() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.archive.refuses = True
    trail.record(START)
    trail.archive.refuses = False
    trail.now += timedelta(hours=5)
    trail.record(RUN)
    age = ArchiveAge(trail.whole, lambda: trail.now).measure()
    assert age is not None
    assert age >= 5 * 3600


def test_a_run_that_died_after_the_digest_is_finished_by_the_next_one() -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.archive.refuses = True
    trail.record(START)
    trail.archive.refuses = False
    before = dict(trail.kept.kept)
    trail.close(2)
    trail.kept.kept |= before
    trail.record(RUN)
    trail.close(2)
    assert (keys(trail), trail.kept.kept) == ([START.key, RUN.key], {})
    assert trail.verify().proven


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2)), min_size=1, max_size=12))
def test_nothing_is_lost_or_twice_whenever_the_bucket_refuses(steps: list[tuple[bool, bool, int]]) -> None:
    trail = ArchivedTrail()
    trail.close(1)
    recorded = []
    for number, (refuses, again, hours) in enumerate(steps):
        event = started_run(DEV, at=number).replace(attempt=number + 1)
        change = trail.put(event)
        recorded.append(event.key)
        trail.archive.refuses = refuses
        trail.stream(change)
        if again:  # the index failed, so Lambda repeats the batch; the bucket may answer otherwise now
            trail.archive.refuses = not refuses
            trail.stream(change)
        trail.close(hours)
    trail.close(2)
    assert keys(trail) == recorded
    assert trail.whole.waiting() == []
    assert trail.verify().proven
