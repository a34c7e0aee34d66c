"""Questions about the trail: the index finds what reading every event finds, newest first, and reads little for it."""

import random
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decision import Decision, Outcome
from pointsman.core.index.entries import entries_of, entry_of, event_has_task
from pointsman.core.index.missing_results import place_of_end
from pointsman.core.index.outcomes import is_listed
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.model import RolloutId
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, RolloutStarted
from tests.support.events import after, host, started_rollout
from tests.support.index_world import PEOPLE, ROUTES, TASKS, IndexWorld, a_rollout


@pytest.fixture(scope="module")
def world() -> IndexWorld:
    world, seed = IndexWorld(), random.Random(11)
    for number in range(120):
        world.add(*a_rollout(number, seed))
    return world


queries = st.builds(
    IndexQuery,
    since=st.none() | st.integers(0, 12_000).map(after),
    until=st.none() | st.integers(0, 12_000).map(after),
    person=st.none() | st.sampled_from(("HANA", "omar", "nobody")),
    repository=st.none() | st.sampled_from(("ACME/infra", "acme/other")),
    commit=st.none() | st.integers(0, 119).map(lambda number: f"{number * 7919:040x}") | st.just("0" * 35),
    branch=st.none() | st.sampled_from(("main", "feature/x", "refs/tags/v1")),
    route=st.none() | st.sampled_from(ROUTES),
    account=st.none() | st.sampled_from(("dev", "prod")),
    region=st.none() | st.sampled_from(("eu-west-1", "us-east-1")),
    host=st.none() | st.sampled_from(("web-0", "web-1", "web-9")),
    task=st.none() | st.sampled_from(TASKS),
    outcomes=st.sampled_from(
        (
            *((), ("failed",), ("changed", "failed"), ("ok",), ("started",)),
            *(("succeeded",), ("changed", "succeeded"), ("results_missing",)),
        )
    ),
    types=st.sampled_from(
        (
            (),
            ("HostResultRecorded",),
            ("RolloutStarted", "RolloutEnded"),
            ("RunEnded",),
            ("RunEnded", "DeliveryDecided"),
        )
    ),
)


def listed(world: IndexWorld, query: IndexQuery) -> set[tuple[str, str]]:
    """The same answer from every event of the trail."""
    answer = set()
    for event in world.trail.all():
        start = world.trail.event(event.partition, "RolloutStarted")
        ref = start.change.ref if isinstance(start, RolloutStarted) else None
        branch = {"refs/heads/main": "main", "refs/heads/feature/x": "feature/x"}.get(ref or "", ref)
        in_time = (query.since is None or event.at >= query.since) and (query.until is None or event.at <= query.until)
        has_task = query.task is None or event_has_task(event, query.task, query.outcomes)
        place = place_of_end(event)
        is_missing = place is not None and world.trail.event(place.partition, place.key) is None
        entry = entry_of(event, branch, misses_results=is_missing)
        if is_listed(event) and in_time and has_task and query.is_met_by(entry):
            answer.add((event.partition, event.key))
    return answer


@given(queries)
def test_any_combination_finds_what_reading_everything_finds(world: IndexWorld, query: IndexQuery) -> None:
    found = world.found(query)
    assert len(found) == len(set(found))
    assert set(found) == listed(world, query)


@given(queries, st.sampled_from(("ada", "Kofi", "mia", "nobody")))
def test_what_followed_from_an_author_is_that_of_the_rollouts(world: IndexWorld, query: IndexQuery, who: str) -> None:
    query = query.replace(author=who)
    starts = [each for each in world.trail.all() if isinstance(each, RolloutStarted)]
    rollouts = {each.partition for each in starts if who.lower() in map(str.lower, each.change.author_logins)}
    deliveries = {f"DELIVERY#d-{each.removeprefix('ROLLOUT#')}" for each in rollouts}
    of_runs = query.account or query.region or query.host or query.task
    wanted = set() if of_runs else deliveries
    wanted |= rollouts if of_runs or query.route or query.outcomes or query.types else set()
    found = world.found(query)
    assert len(found) == len(set(found))
    assert set(found) == {place for place in listed(world, query) if place[0] in wanted}


@given(queries | queries.map(lambda query: query.replace(author="ada")), st.integers(1, 50))
def test_the_newest_come_first_and_a_page_goes_on_where_the_last_ended(
    world: IndexWorld, query: IndexQuery, length: int
) -> None:
    whole = list(search(world.index, world.trail.event, query))
    assert [each.sort_key for each in whole] == sorted((each.sort_key for each in whole), reverse=True)
    first = whole[:length]
    rest = search(world.index, world.trail.event, query.replace(before=first[-1].sort_key)) if first else iter(())
    assert [each.entry.place for each in (*first, *rest)] == [each.entry.place for each in whole]


def test_a_page_goes_on_where_the_last_ended_though_it_is_read_from_other_partitions(world: IndexWorld) -> None:
    query = IndexQuery(task="Write the configuration", outcomes=("failed",))
    whole = world.found(query)
    for found in search(world.index, world.trail.event, query):
        rest = world.found(query.replace(before=found.sort_key))
        place = (found.entry.event_partition, found.entry.event_key)
        assert rest == whole[whole.index(place) + 1 :]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_finds_the_hosts_on_which_it_did_something(world: IndexWorld, name: str) -> None:
    results = [each for each in world.trail.all() if isinstance(each, HostResultRecorded)]
    expected = {(each.partition, each.key) for each in results if name in (task.name for task in each.tasks)}
    assert expected
    assert set(world.found(IndexQuery(task=name))) == expected
    of_host = {(each.partition, each.key) for each in results if each.host == "web-1"}
    assert set(world.found(IndexQuery(task=name, host="web-1"))) == expected & of_host


def test_a_changed_file_finds_its_rollouts_and_with_another_condition_what_they_did(world: IndexWorld) -> None:
    deliveries = [each for each in world.trail.all() if isinstance(each, DeliveryDecided)]
    mine = [each for each in deliveries if "site.yml" in each.change.files and each.repository == "acme/infra"]
    assert mine
    query = IndexQuery(repository="acme/infra", file="site.yml")
    assert set(world.found(query)) == {(each.partition, each.key) for each in mine}
    partitions = {f"ROLLOUT#{each.decisions[0].rollout}" for each in mine}
    hosts = world.found(query.replace(host="web-0"))
    assert {partition for partition, _ in hosts} == partitions
    one = mine[0].decisions[0].rollout
    assert {partition for partition, _ in world.found(query.replace(rollout=one))} == {f"ROLLOUT#{one}"}
    without = [each for each in deliveries if each not in mine and each.repository == "acme/infra"]
    other = without[0].decisions[0].rollout
    assert world.found(query.replace(rollout=other)) == []
    failed = world.found(query.replace(outcomes=("failed",)))
    assert failed
    assert {partition for partition, _ in failed} <= partitions


def test_what_followed_from_a_push_that_started_many_rollouts_is_found() -> None:
    world, names = IndexWorld(), [RolloutId(f"r-{number:016x}") for number in range(45)]
    start = started_rollout("dev/eu-west-1").replace(at=after(0), repository="acme/infra", commit="c" * 40)
    decision: dict[str, Any] = {"outcome": Outcome.MATCHED, "runs": True, "reason": ""}
    decided = DeliveryDecided(
        at=after(0),
        actor="hana",
        repository="acme/infra",
        commit=start.commit,
        delivery="d-1",
        reason="",
        change=start.change.replace(files=("site.yml",), author_login=None, authors=("ada",)),
        decisions=tuple(Decision(route=f"route-{each}", rollout=each, **decision) for each in names),
    )
    world.add(decided)
    for number, name in enumerate(names):
        of = {"rollout": name, "commit": start.commit, "repository": "acme/infra"}
        world.add(start.replace(**of, change=decided.change.replace(files=())))
        world.add(host("dev/eu-west-1", "web-1", status="failed").replace(**of, at=after(number + 1)))
    for query in (IndexQuery(author="ada"), IndexQuery(repository="acme/infra", file="site.yml")):
        for conditions in ({"outcomes": ("failed",)}, {"host": "web-1"}, {"account": "dev", "outcomes": ("failed",)}):
            found = world.found(query.replace(**conditions))
            assert {partition for partition, _ in found} == {f"ROLLOUT#{name}" for name in names}
    gone = search(world.index, lambda *_: None, query.replace(host="web-1"))  # the event of the delivery
    assert len(list(gone)) == 20


def test_an_author_finds_the_changes_and_with_another_condition_what_they_did(world: IndexWorld) -> None:
    deliveries = [each for each in world.trail.all() if isinstance(each, DeliveryDecided)]
    mine = [each for each in deliveries if "Ada" in (each.change.authors or ())]
    assert {each.actor for each in mine} == set(PEOPLE)  # whoever merged it
    query = IndexQuery(author="ada")
    assert set(world.found(query)) == {(each.partition, each.key) for each in mine}
    by_omar = [each for each in mine if each.actor == "Omar"]
    assert set(world.found(query.replace(person="omar"))) == {(each.partition, each.key) for each in by_omar}
    partitions = {f"ROLLOUT#{each.decisions[0].rollout}" for each in mine}
    assert {partition for partition, _ in world.found(query.replace(host="web-0"))} == partitions
    with_file = [each for each in mine if "site.yml" in each.change.files and each.repository == "acme/infra"]
    of_file = query.replace(repository="acme/infra", file="site.yml")
    assert set(world.found(of_file)) == {(each.partition, each.key) for each in with_file}
    hosts = world.found(of_file.replace(types=("HostResultRecorded",)))
    assert {partition for partition, _ in hosts} == {f"ROLLOUT#{each.decisions[0].rollout}" for each in with_file}


@pytest.mark.parametrize(
    "query",
    [
        IndexQuery(author="ada", outcomes=("failed",)),
        IndexQuery(author="ada", account="prod"),
        IndexQuery(repository="acme/infra", file="site.yml", outcomes=("changed",)),
        IndexQuery(task="Restart", host="web-0"),
        IndexQuery(task="Restart", host="web-0", account="prod"),
    ],
    ids=str,
)
def test_what_followed_and_a_task_on_a_host_are_read_in_few_rounds(world: IndexWorld, query: IndexQuery) -> None:
    """Not one partition for each rollout, nor one event for each result."""
    read = 0

    def event(partition: str, key: str) -> Event | None:
        nonlocal read
        read += 1
        return world.trail.event(partition, key)

    world.index.rounds = world.index.requests = 0
    found = list(islice(search(world.index, event, query), 20))
    assert len(found) == 20
    assert read == 0
    assert world.index.rounds <= 6
    assert world.index.requests <= 40
    every = search(world.index, world.trail.event, query)
    assert [each.sort_key for each in islice(every, 20)] == [each.sort_key for each in found]


@pytest.mark.parametrize("query", [IndexQuery(author="ada"), IndexQuery(repository="acme/infra", file="site.yml")])
def test_what_followed_is_the_same_whether_rollouts_are_read_one_by_one_or_not(
    world: IndexWorld, query: IndexQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = query.replace(outcomes=("failed",))
    found = world.found(asked)
    assert found
    monkeypatch.setattr("pointsman.core.index.search.FEW_ROLLOUTS", 1_000)
    assert world.found(asked) == found


@pytest.mark.parametrize(
    "others",
    [
        {"outcomes": ("failed",)},
        {"outcomes": ("succeeded",)},
        {"account": "dev"},
        {"account": "dev", "types": ("RunEnded",)},
        {"task": "Restart", "outcomes": ("changed",)},
        {"types": ("HostResultRecorded",)},
        {"region": "eu-west-1", "route": "site"},
    ],
    ids=str,
)
def test_the_answer_is_the_same_whether_rollouts_are_few_or_many(
    world: IndexWorld, others: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = IndexQuery(author="kofi", **others)
    answers = []
    for few, units in ((1_000, 0), (0, 0), (0, 1_000_000)):
        monkeypatch.setattr("pointsman.core.index.search.FEW_ROLLOUTS", few)
        monkeypatch.setattr("pointsman.core.index.search.READ_UNITS_OF_A_ROLLOUT", units)
        answers.append(world.found(query))
    assert answers[0]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("by", [{"author": "ada"}, {"repository": "acme/infra", "file": "site.yml"}])
def test_the_changes_themselves_are_found_with_what_followed(world: IndexWorld, by: dict[str, Any]) -> None:
    changes = set(world.found(IndexQuery(**by)))
    assert changes
    assert set(world.found(IndexQuery(**by, types=("DeliveryDecided",)))) == changes
    assert set(world.found(IndexQuery(**by, outcomes=("matched",)))) == changes
    rollouts = {f"ROLLOUT#{each}" for place in changes for each in rollouts_of(world, place)}
    of_route = world.found(IndexQuery(**by, route="site"))
    assert of_route
    every = world.found(IndexQuery(route="site"))
    assert of_route == [each for each in every if each[0] in rollouts]
    both = world.found(IndexQuery(**by, types=("DeliveryDecided", "RolloutEnded")))
    assert {*both} > changes
    assert len(both) == 2 * len(changes)
    assert world.found(IndexQuery(**by, types=("DeliveryDecided",), host="web-0")) == []


def rollouts_of(world: IndexWorld, place: tuple[str, str]) -> list[str]:
    event = world.trail.event(*place)
    assert isinstance(event, DeliveryDecided)
    return [str(each.rollout) for each in event.decisions]


def test_who_asked_for_a_commit_once_more_is_not_its_author(world: IndexWorld) -> None:
    request = RunRequest(id="q-1", trigger=Trigger.PERSON, actor="arn:aws:iam::1:user/ola", reason="try again")
    start = started_rollout("dev/eu-west-1").replace(actor=request.actor, request=request)
    places = {each.pk for each in entries_of(start)}
    assert {"author#hana#0"} == {each for each in places if each.startswith("author#")}
    assert not any(each.startswith("author#") for each in {one.pk for one in entries_of(start.replace(request=None))})


def test_a_path_finds_each_change_of_a_file_on_a_host(world: IndexWorld) -> None:
    found = world.found(IndexQuery(host="web-0", account="dev", path="/etc/nginx.conf"))
    results = [each for each in world.trail.all() if isinstance(each, HostResultRecorded) and each.host == "web-0"]
    expected = [(each.partition, each.key) for each in results if each.tasks and str(each.target).startswith("dev/")]
    assert found == expected[::-1]
    assert world.found(IndexQuery(host="web-0", path="/etc/other")) == []


@pytest.mark.parametrize(
    "query",
    [
        IndexQuery(),
        IndexQuery(person="hana"),
        IndexQuery(author="ada"),
        IndexQuery(repository="acme/infra"),
        IndexQuery(repository="acme/infra", branch="main"),
        IndexQuery(route="site"),
        IndexQuery(account="prod"),
        IndexQuery(region="eu-west-1"),
        IndexQuery(host="web-0"),
        IndexQuery(task="Restart"),
        IndexQuery(outcomes=("failed",)),
        IndexQuery(types=("RolloutStarted",)),
        IndexQuery(commit=f"{7_919:040x}"),
    ],
    ids=str,
)
def test_the_first_hundred_are_read_in_few_rounds(world: IndexWorld, query: IndexQuery) -> None:
    world.index.rounds = world.index.read = 0
    found = list(islice(search(world.index, world.trail.event, query), 100))
    assert found
    assert world.index.rounds <= (4 if query.account else 3)
    assert world.index.read <= 400
