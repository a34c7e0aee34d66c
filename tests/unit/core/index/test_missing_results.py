"""A run of which Ansible did not report that it finished is found as one whose results are missing."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.index.entries import StoredEntry
from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.missing_results import NOT_REPORTED
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.reindex import Reindexer
from pointsman.core.index.search import search
from pointsman.core.trail.event import Event
from tests.support.events import DEV, PROD, after, arn, ended_run, host, playbook_ended, started_rollout

START = started_rollout(DEV, PROD)
RUN = ended_run(DEV).replace(actor="hana", repository="acme/infra", route="site")
ANSIBLE = playbook_ended(DEV, exit_status=0)


class World:
    """A trail whose stream comes in batches."""

    def __init__(self, *batches: Sequence[Event]) -> None:
        self.trail, self.index = MemoryTrail(), MemoryIndex()
        self.indexer = Indexer(self.index, self.trail.start_of_rollout, self.trail.load)
        for batch in batches:
            for event in batch:
                assert self.trail.record(event)
            self.stream(batch)

    def stream(self, batch: Sequence[Event]) -> None:
        self.indexer.apply([EventChange(place=EventKey.of(each), new=each) for each in batch])

    def missing(self, **conditions: object) -> list[IndexEntry]:
        query = IndexQuery(outcomes=("results_missing",)).replace(**conditions)
        return [each.entry for each in search(self.index, self.trail.event, query)]

    def differs_from_the_trail(self) -> bool:
        late = after(0) + timedelta(days=1)
        reindexer = Reindexer(self.trail, self.index, self.indexer, repair=False, settled=late)
        steps = [*reindexer.compare(0, 1), *reindexer.find_left_over(0, 1), reindexer.compare_lists()]
        return any(each.differs for each in steps)


@pytest.mark.parametrize("state", ["succeeded", "failed", "stopped", "timed_out", "faulted"])
def test_a_run_without_an_end_of_ansible_is_found_by_everything(state: str) -> None:
    run = ended_run(DEV, state, reason="exit status 137").replace(actor="hana", repository="acme/infra", route="site")
    world = World([START, host(DEV)], [run])
    [entry] = world.missing()
    assert (entry.type, entry.outcomes) == ("RunEnded", (state, "results_missing"))
    assert entry.detail.endswith(f"; {NOT_REPORTED}")
    for condition in ({"person": "hana"}, {"repository": "acme/infra"}, {"route": "site"}, {"rollout": run.rollout}):
        assert world.missing(**condition) == [entry]
    assert not world.differs_from_the_trail()


@pytest.mark.parametrize(
    "batches",
    [
        [[START], [ANSIBLE], [RUN]],
        [[START], [RUN], [ANSIBLE]],
        [[START, ANSIBLE, RUN]],
        [[START, RUN, ANSIBLE]],
    ],
)
def test_a_run_with_an_end_of_ansible_is_not_found_whichever_came_first(batches: list[list[Event]]) -> None:
    world = World(*batches)
    assert world.missing() == []
    [entry] = [each.entry for each in search(world.index, world.trail.event, IndexQuery(types=("RunEnded",)))]
    assert (entry.outcomes, entry.detail) == (("succeeded",), "run succeeded after 58s")
    assert not world.differs_from_the_trail()


@pytest.mark.parametrize("batch", [[START, ANSIBLE, RUN], [START, RUN, ANSIBLE]])
def test_a_run_and_the_end_of_its_ansible_in_one_batch_take_nothing_back(
    batch: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delete costs as much as a write."""
    deleted: list[StoredEntry] = []

    def write(_: MemoryIndex, put: Iterable[StoredEntry], delete: Iterable[StoredEntry]) -> None:
        assert list(put)
        deleted.extend(delete)

    monkeypatch.setattr(MemoryIndex, "write", write)
    World(batch)
    assert deleted == []


def test_the_stream_may_be_behind_the_table() -> None:
    world = World([START])
    for event in (RUN, ANSIBLE):
        world.trail.record(event)
    world.stream([RUN])
    assert world.missing() == []
    world.stream([ANSIBLE])
    assert world.missing() == []
    assert not world.differs_from_the_trail()


def test_the_end_of_ansible_in_another_build_says_nothing_of_this_one() -> None:
    world = World([START, playbook_ended(DEV, build_arn=arn(DEV, 9), exit_status=0, started_by="hana")], [RUN])
    assert [each.type for each in world.missing()] == ["RunEnded"]
    world.stream([playbook_ended(DEV, build_arn=arn(DEV, 8), exit_status=0)])
    assert [each.type for each in world.missing()] == ["RunEnded"]


def test_a_run_without_a_build_has_no_results_to_miss() -> None:
    assert World([START, ended_run(DEV, "refused", built=False)]).missing() == []


def test_an_end_that_says_itself_that_results_are_missing_is_found_as_such() -> None:
    world = World([START, RUN, playbook_ended(DEV, exit_status=0, results_missing=["web-1"])])
    assert [each.type for each in world.missing()] == ["PlaybookEnded"]


def test_what_is_changed_in_the_batch_in_which_it_came_leaves_no_entry_behind() -> None:
    event, changed = host(DEV).replace(actor="hana"), host(DEV).replace(actor=None)
    world = World()
    world.trail.record(changed)
    place = EventKey.of(event)
    world.indexer.apply([EventChange(place=place, new=event), EventChange(place=place, old=event, new=changed)])
    assert not world.differs_from_the_trail()


@given(st.permutations([RUN, ANSIBLE, host(DEV), ended_run(PROD)]), st.integers(1, 4))
def test_in_any_order_and_any_batches_the_index_is_what_the_trail_says(events: list[Event], size: int) -> None:
    world = World([START], *(events[start : start + size] for start in range(0, len(events), size)))
    assert [each.target for each in world.missing()] == [PROD]
    assert not world.differs_from_the_trail()
