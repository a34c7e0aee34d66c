"""By which outcomes the result of a host is found: also by what it did before it failed."""

from typing import Any

import pytest

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.index.entries import entry_of
from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.outcomes import is_of_check, outcomes_of
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.trail.events import HostResultRecorded
from tests.support.events import DEV, host, task

CHANGED = task(name="Write it", changed_paths=["/etc/it"])
FAILED = task(name="Start it", status="failed", diff=None)
COUNTS = {"ok": 3, "changed": 1, "failed": 1}


def broken(**about: Any) -> HostResultRecorded:
    """A host that was changed and then failed."""
    return host(DEV, **({"status": "failed", "counts": COUNTS, "tasks": [CHANGED, FAILED]} | about))


def found(event: HostResultRecorded, **conditions: Any) -> list[IndexEntry]:
    index, trail = MemoryIndex(), MemoryTrail()
    trail.record(event)
    Indexer(index, trail.start_of_rollout, trail.load).apply([EventChange(place=EventKey.of(event), new=event)])
    return [each.entry for each in search(index, trail.event, IndexQuery(**conditions))]


def test_a_host_that_failed_is_found_as_changed_if_it_was_changed_before() -> None:
    assert outcomes_of(broken()) == ("failed", "changed")
    assert outcomes_of(broken(counts={"ok": 3, "failed": 1})) == ("failed",)
    for outcome in ("failed", "changed"):
        assert len(found(broken(), outcomes=(outcome,))) == 1
        assert len(found(broken(), outcomes=(outcome,), host="web-1")) == 1


def test_a_host_that_was_lost_is_found_by_everything_that_it_did() -> None:
    counts = {"changed": 1, "failed": 1, "unreachable": 1}
    assert outcomes_of(broken(status="unreachable", counts=counts)) == ("unreachable", "failed", "changed")
    assert outcomes_of(broken(status="exploded", counts=counts)) == ("exploded", "unreachable", "failed", "changed")


def test_a_check_that_failed_changed_nothing() -> None:
    event = broken(mode="check")
    assert outcomes_of(event) == ("failed", "would_change")
    assert is_of_check(entry_of(event, None))
    assert not is_of_check(entry_of(broken(), None))
    assert found(event, outcomes=("changed",)) == []


@pytest.mark.parametrize("where", [{}, {"host": "web-1"}, {"rollout": "r-3f2a9c0d1e2b4a56"}])
def test_a_task_is_found_by_its_own_outcome_not_by_that_of_another(where: dict[str, str]) -> None:
    event = broken()
    where = where and {name: str(getattr(event, name)) for name in where}
    assert found(event, task="Write it", outcomes=("changed",), **where)
    assert found(event, task="Start it", outcomes=("failed",), **where)
    assert found(event, task="Write it", outcomes=("failed",), **where) == []
    assert found(event, task="Start it", outcomes=("changed",), **where) == []


@pytest.mark.parametrize("mark", ["rescued", "ignored"])
@pytest.mark.parametrize("where", [{}, {"host": "web-1"}])
def test_a_failure_that_was_rescued_or_ignored_is_found_by_its_task_and_not_as_failed(
    mark: str, where: dict[str, str]
) -> None:
    event = broken(status="changed", counts={"ok": 3, "changed": 1, mark: 1}, tasks=[CHANGED, FAILED | {mark: True}])
    assert found(event, task="Start it", **where)
    assert found(event, task="Start it", outcomes=("failed",), **where) == []
    assert found(event, outcomes=("failed",), **where) == []
