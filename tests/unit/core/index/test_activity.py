"""Results of a rollout are found by their causes through one entry for each ten minutes."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.core.index.activity import ACTIVITY
from pointsman.core.index.entries import entries_of
from pointsman.core.index.entry import Cause, EventKey
from pointsman.core.index.facets import Facet, partition, partitions
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.plan import MOST_PARTITIONS
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import HostResultRecorded
from tests.support.events import DEV, after, ended_rollout, ended_run, host, playbook_ended, started_rollout, task
from tests.support.index_world import IndexWorld

ABOUT = {"actor": "hana", "repository": "acme/infra", "route": "site", "commit": "a" * 40}
START = started_rollout(DEV).replace(**ABOUT)
BY_CAUSE = {
    "author": IndexQuery(author="ada", types=("HostResultRecorded",)),
    "person": IndexQuery(person="hana", types=("HostResultRecorded",)),
    "repository": IndexQuery(repository="acme/infra", types=("HostResultRecorded",)),
    "branch": IndexQuery(repository="acme/infra", branch="main", types=("HostResultRecorded",)),
    "route": IndexQuery(route="site", types=("HostResultRecorded",)),
    "outcome": IndexQuery(outcomes=("changed",)),
}


def result(number: int, at: float = 5) -> HostResultRecorded:
    return host(DEV, f"web-{number}", at=int(at), tasks=[task()]).replace(**ABOUT, at=after(at))


def world(*events: Event) -> IndexWorld:
    world = IndexWorld()
    world.add(START.replace(change=START.change.replace(author_login=None, authors=("Ada",))))
    world.add(*events)
    return world


def written(world: IndexWorld) -> Counter[str]:
    """How many entries stand for results, by facet."""
    items = [item for page in world.index.scan(0, 1) for item in page if item["type"] == ACTIVITY]
    return Counter(item["pk"].partition("#")[0] for item in items)


def test_results_of_the_same_minutes_have_one_entry_by_each_cause() -> None:
    of_ten_minutes = world(*(result(number, at=5 + number) for number in range(50)))
    assert written(of_ten_minutes) == dict.fromkeys(BY_CAUSE, 1)
    for query in BY_CAUSE.values():
        assert len(of_ten_minutes.found(query)) == 50


def test_results_of_hours_have_an_entry_for_each_ten_minutes() -> None:
    of_two_hours = world(*(result(number, at=number * 300) for number in range(24)))
    assert written(of_two_hours) == dict.fromkeys(BY_CAUSE, 12)
    since, until = after(3_000), after(4_500)
    for query in BY_CAUSE.values():
        assert len(of_two_hours.found(query)) == 24
        assert len(of_two_hours.found(query.replace(since=since, until=until))) == 6


@pytest.mark.parametrize("at", [datetime.max, datetime.min.replace(year=2), datetime(2026, 11, 23, 8, 10)])  # noqa: DTZ001, DTZ901
def test_a_result_at_the_edge_of_time_is_found(at: datetime) -> None:
    moment = at.replace(tzinfo=START.at.tzinfo)
    odd = world(result(1).replace(at=moment))
    for query in BY_CAUSE.values():
        assert len(odd.found(query)) == 1


def facets(index: MemoryIndex) -> list[str]:
    """The facet of each entry."""
    return [pk.partition("#")[0] for pk, _ in list(index.keys())]


class CountingWriter(MemoryIndex):
    """Counts the entries that are written."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_written: list[tuple[str, str]] = []

    def write(self, put, delete) -> None:  # type: ignore[no-untyped-def]
        put = list(put)
        self.keys_written += [(each.pk, each.sk) for each in put]
        super().write(put, delete)


def test_an_entry_that_is_written_is_not_written_again_and_comes_back_after_its_end() -> None:
    index = CountingWriter()
    indexer = Indexer(index, lambda _: START, lambda _: {})

    def apply(old: Event | None, new: Event | None) -> None:
        some = new or old
        assert some
        indexer.apply([EventChange(place=EventKey.of(some), old=old, new=new)])

    first, second = result(1), result(2)
    apply(None, first)
    apply(None, second)
    assert {pk for pk, _ in index.keys_written if pk.startswith("person#")} == {"person#hana#0"}
    assert len([pk for pk, _ in index.keys_written if pk.startswith("person#")]) == 1
    apply(second, second.replace(attempt=1, status="ok"))  # as an erratum does: the other result still needs it
    assert ("person#hana#0", "2026-11-23T08:10:00.000000Z#r-3f2a9c0d1e2b4a56") in {*index.keys()}
    apply(first, None)
    assert "person" not in facets(index)
    apply(None, first)
    assert "person" in facets(index)


def test_a_run_whose_results_turn_up_leaves_the_other_results_their_entries() -> None:
    found = world(result(1), ended_run(DEV).replace(**ABOUT, at=after(20)))
    missing = IndexQuery(person="hana", outcomes=("results_missing",))
    assert len(found.found(missing)) == 1
    found.add(playbook_ended(DEV, exit_status=0))
    assert found.found(missing) == []
    assert len(found.found(BY_CAUSE["person"])) == 1


def test_what_failed_of_one_of_many_authors_is_found() -> None:
    """A merge can have hundreds: what failed has no entry for each of them."""
    authors = tuple(f"author-{number}" for number in range(40))
    start = START.replace(change=START.change.replace(author_login=None, authors=authors))
    many = IndexWorld()
    failed = [result(number).replace(status="failed") for number in range(30)]
    many.add(start, *failed, ended_rollout("failed").replace(**ABOUT, at=after(60)))
    assert len(many.found(IndexQuery(author="author-7", outcomes=("failed",)))) == 31
    by_author = [pk for pk, _ in list(many.index.keys()) if pk.startswith("outcome-by#author#")]
    assert len(by_author) == 2 * len(authors)  # of the results, and of the rollout, which has no target


def test_targets_in_large_numbers_are_not_asked_one_by_one() -> None:
    fleet = IndexWorld()
    for number in range(MOST_PARTITIONS):
        fleet.add(host(f"dev/region-{number}", "web-1", at=number).replace(rollout=f"r-{number:016x}"))
        fleet.add(host(f"prod/region-{number}", "web-1", at=number).replace(rollout=f"r-{number:016x}"))
    fleet.index.requests = 0
    found = list(islice(search(fleet.index, fleet.trail.event, IndexQuery(account="dev")), 100))
    assert len(found) == 100
    assert {each.entry.account for each in found} == {"dev"}
    assert fleet.index.requests < 20


@given(st.sampled_from(Facet), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_a_partition_is_among_those_that_are_asked(
    facet: Facet, value: str, identity: str, person: str, target: str
) -> None:
    written = partition(facet, value, identity, person=person, target=target)
    assert written in partitions(facet, value)
    if facet is not Facet.OUTCOME_BY or target:
        assert written in partitions(facet, value, person=person.upper() if person.isascii() else person)
        assert written in partitions(facet, value, person=person, targets=[target, "another"])


def test_a_push_writes_few_entries_however_many_conditions_find_it() -> None:
    """Half of what five indexes with copies of everything took, docs/audit.md: at most 14 for a host and its run."""
    cause = Cause.of(START)
    hosts = [host(f"dev/region-{number}", "web-1", at=5).replace(**ABOUT) for number in range(10)]
    runs = [ended_run(f"dev/region-{number}").replace(**ABOUT) for number in range(10)]
    entries = {(each.pk, each.sk) for event in (*hosts, *runs) for each in entries_of(event, cause)}
    assert len(entries) <= 10 * (4 + 2) + 10 + 8  # where and when, the task and its file; the run; the causes
    assert after(0) + timedelta(minutes=10) > hosts[0].at


def test_what_changed_and_runs_that_succeeded_of_the_same_minutes_are_both_found() -> None:
    """A rollout has an entry that stands for each of them, with the same sort key."""
    changed, ended = result(1), ended_run(DEV).replace(**ABOUT, at=after(20))
    both = world(changed, playbook_ended(DEV, exit_status=0), ended)
    assert both.found(IndexQuery(outcomes=("succeeded",))) == [(ended.partition, ended.key)]
    expected = [(each.partition, each.key) for each in (ended, changed)]
    assert both.found(IndexQuery(outcomes=("changed", "succeeded"))) == expected
    assert both.found(IndexQuery(outcomes=("would_change", "succeeded", "changed"))) == expected
