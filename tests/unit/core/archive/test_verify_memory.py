"""A verification holds what belongs together, not the whole archive; what it needs of later hours it knows before."""

import tracemalloc
from typing import Any

import pytest

from pointsman.core.archive import verify
from pointsman.core.archive.check_trail import PartitionCheck
from pointsman.core.trail.event import Event
from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, host, started_rollout, task

EVENTS = 60  # an hour


def trail_of(hours: int) -> ArchivedTrail:
    """A rollout in each hour, and one that goes on through all."""
    trail = ArchivedTrail()
    trail.close(2)
    for hour in range(hours):
        trail.record(*events(trail, f"r-{hour:016x}"), *events(trail, "r-00000000000000ff", f"{hour}-", 2))
        trail.close()
    trail.close(2)
    return trail


def events(trail: ArchivedTrail, rollout: str, prefix: str = "", number: int = EVENTS) -> list[Event]:
    names = [f"web-{prefix}{each}" for each in range(number)]
    return [host(DEV, name, tasks=[task()]).replace(at=trail.now, rollout=rollout) for name in names]


class Counting(PartitionCheck):
    """Counts the events that are held at once."""

    most = 0

    def note(self, digest: Any) -> None:
        super().note(digest)
        type(self).most = max(type(self).most, sum(map(len, self.archived.values())))


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many hours at once as a large archive has."""
    monkeypatch.setattr(verify, "_LINKS", EVENTS * 3)


def test_the_events_that_are_held_do_not_grow_with_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PartitionCheck", Counting)
    result = trail_of(12).verify()
    assert result.proven
    assert (result.hours, result.events) == (15, 12 * (EVENTS + 2))
    assert Counting.most <= EVENTS * 4 + 12 * 2


def peak(hours: int) -> int:
    """The most memory that the verification of so many hours takes, in bytes."""
    trail = trail_of(hours)
    tracemalloc.start()
    try:
        assert trail.verify(offline=True).proven
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat() -> None:
    few = peak(20)
    assert peak(80) < few * 1.5


def test_a_rollout_that_goes_on_is_compared_once_with_all_its_hours() -> None:
    trail = trail_of(4)
    gone = next(key for key in sorted(trail.table) if key[0].endswith("00ff"))
    del trail.table[gone]
    assert trail.found() == [("removed", "trail", gone[1])]
    started = started_rollout(DEV).replace(rollout="r-00000000000000ff", at=trail.now)
    trail.put(started)  # past the stream
    assert ("inserted", "trail", started.key) not in trail.found()  # it may be on its way
    trail.close(3)
    assert ("inserted", "trail", started.key) in trail.found()
