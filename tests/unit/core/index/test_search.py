"""Questions about the trail: the index finds what reading every event finds, newest first, and reads little for it."""

import random
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.decision import Decision, Outcome
from pointsman.core.index.entries import entries_of, entry_of, event_has_task
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.outcomes import is_listed
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.index.streams import Page, PageRequest
from pointsman.core.model import RolloutId
from pointsman.core.run_request import RunRequest, Trigger
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded, RolloutStarted
from tests.support.events import after, ended_rollout, ended_run, host, started_rollout, started_run, task

PEOPLE, REPOSITORIES, ROUTES = ("hana", "Omar", "ada"), ("acme/infra", "acme/Other"), ("site", "db")
TARGETS = ("dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1")
TASKS = ("Install nginx", "Write the configuration", "Restart")


class CountingIndex(MemoryIndex):
    """Counts what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds = self.requests = self.read = 0

    def pages(self, requests: Sequence[PageRequest]) -> list[Page]:
        self.rounds += 1
        self.requests += len(requests)
        pages = super().pages(requests)
        self.read += sum(len(page.entries) for page in pages)
        return pages


class World:
    """A trail with its index, and questions that are answered from both."""

    def __init__(self) -> None:
        self.trail, self.index = MemoryTrail(), CountingIndex()
        self.indexer = Indexer(self.index, self.trail.start_of_rollout, self.trail.load)

    def add(self, *events: Event) -> None:
        for event in events:
            assert self.trail.record(event)
        self.indexer.apply([EventChange(place=EventKey.of(event), new=event) for event in events])

    def found(self, query: IndexQuery) -> list[tuple[str, str]]:
        keys = [
            (each.entry.event_partition, each.entry.event_key) for each in search(self.index, self.trail.event, query)
        ]
        return list(dict.fromkeys(keys))


def _delivered(start: RolloutStarted, files: tuple[str, ...], authors: tuple[str, ...]) -> list[Event]:
    """The start of a rollout after its delivery, by which changed files and authors are found."""
    decision = Decision(
        route=start.route or "", outcome=Outcome.MATCHED, runs=True, reason="", rollout=RolloutId(start.rollout or "")
    )
    decided = DeliveryDecided(
        at=start.at,
        actor=start.actor,
        repository=start.repository,
        commit=start.commit,
        delivery=f"d-{start.rollout}",
        reason="",
        change=start.change.replace(files=files, author_login=None, authors=authors),
        decisions=(decision,),
    )
    return [decided, start.replace(change=start.change.replace(files=()))]


def a_rollout(number: int, seed: random.Random, hosts: int = 2) -> list[Event]:
    """The events of a rollout at its own time."""
    name, commit = f"r-{number:016x}", f"{number * 7919:040x}"
    about = {
        "actor": seed.choice(PEOPLE),
        "repository": seed.choice(REPOSITORIES),
        "route": seed.choice(ROUTES),
        "commit": commit,
        "rollout": name,
    }
    ref = seed.choice(("refs/heads/main", "refs/heads/feature/x", "refs/tags/v1"))
    files = tuple(seed.sample(("site.yml", "roles/a.yml", "roles/b.yml"), seed.randint(0, 3)))
    authors = tuple(seed.sample(("Ada", "kofi", "mia"), seed.randint(0, 2)))
    targets = seed.sample(TARGETS, seed.randint(1, 3))
    start = started_rollout(*targets).replace(**about, at=after(number * 100))
    events = _delivered(start.replace(change=start.change.replace(ref=ref)), files, authors)
    for place, target in enumerate(targets):
        at = number * 100 + place * 10 + 1
        events.append(started_run(target).replace(**about, at=after(at)))
        for which in range(hosts):
            names = seed.sample(TASKS, seed.randint(0, 3))
            status = seed.choice(("changed" if names else "ok", "failed"))
            kinds = ({}, {"status": "failed"}, {"status": "failed", "rescued": True}) if status == "failed" else ({},)
            tasks = [task(name=each, changed_paths=["/etc/nginx.conf"], **seed.choice(kinds)) for each in names]
            result = host(target, f"web-{which}", status=status, tasks=tasks)
            events.append(result.replace(**about, at=after(at + 1 + which)))
        events.append(ended_run(target).replace(**about, at=after(at + 5)))
    return [*events, ended_rollout().replace(**about, at=after(number * 100 + 99))]


@pytest.fixture(scope="module")
def world() -> World:
    world, seed = World(), random.Random(11)
    for number in range(120):
        world.add(*a_rollout(number, seed))
    return world


queries = st.builds(
    IndexQuery,
    since=st.none() | st.integers(0, 12_000).map(after),
    until=st.none() | st.integers(0, 12_000).map(after),
    person=st.none() | st.sampled_from(("HANA", "omar", "nobody")),
    repository=st.none() | st.sampled_from(("ACME/infra", "acme/other")),
    commit=st.none() | st.integers(0, 119).map(lambda number: f"{number * 7919:040x}"),
    branch=st.none() | st.sampled_from(("main", "feature/x", "refs/tags/v1")),
    route=st.none() | st.sampled_from(ROUTES),
    account=st.none() | st.sampled_from(("dev", "prod")),
    region=st.none() | st.sampled_from(("eu-west-1", "us-east-1")),
    host=st.none() | st.sampled_from(("web-0", "web-1", "web-9")),
    task=st.none() | st.sampled_from(TASKS),
    outcomes=st.sampled_from(((), ("failed",), ("changed", "failed"), ("ok",), ("started",))),
    types=st.sampled_from(((), ("HostResultRecorded",), ("RolloutStarted", "RolloutEnded"))),
)


def listed(world: World, query: IndexQuery) -> set[tuple[str, str]]:
    """The same answer from every event of the trail."""
    answer = set()
    for event in world.trail.all():
        start = world.trail.event(event.partition, "RolloutStarted")
        ref = start.change.ref if isinstance(start, RolloutStarted) else None
        branch = {"refs/heads/main": "main", "refs/heads/feature/x": "feature/x"}.get(ref or "", ref)
        in_time = (query.since is None or event.at >= query.since) and (query.until is None or event.at <= query.until)
        has_task = query.task is None or event_has_task(event, query.task, query.outcomes)
        if is_listed(event) and in_time and has_task and query.matches(entry_of(event, branch)):
            answer.add((event.partition, event.key))
    return answer


@given(queries)
def test_any_combination_finds_what_reading_everything_finds(world: World, query: IndexQuery) -> None:
    found = world.found(query)
    quiet = {(each.partition, each.key) for each in world.trail.all() if each.key.startswith("RunEnded#")}
    expected = listed(world, query)
    assert set(found) - expected == set()
    assert expected - set(found) <= quiet  # a run that succeeded is found by its target, rollout and time


@given(queries, st.integers(1, 50))
def test_the_newest_come_first_and_a_page_goes_on_where_the_last_ended(
    world: World, query: IndexQuery, length: int
) -> None:
    whole = list(search(world.index, world.trail.event, query))
    assert [each.sort_key for each in whole] == sorted((each.sort_key for each in whole), reverse=True)
    first = whole[:length]
    rest = search(world.index, world.trail.event, query.replace(before=first[-1].sort_key)) if first else iter(())
    assert [each.entry.place for each in (*first, *rest)] == [each.entry.place for each in whole]


def test_a_page_goes_on_where_the_last_ended_though_it_is_read_from_other_partitions(world: World) -> None:
    query = IndexQuery(task="Write the configuration", outcomes=("failed",))
    whole = world.found(query)
    for found in search(world.index, world.trail.event, query):
        rest = world.found(query.replace(before=found.sort_key))
        place = (found.entry.event_partition, found.entry.event_key)
        assert rest == whole[whole.index(place) + 1 :]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_finds_the_hosts_on_which_it_did_something(world: World, name: str) -> None:
    results = [each for each in world.trail.all() if isinstance(each, HostResultRecorded)]
    expected = {(each.partition, each.key) for each in results if name in (task.name for task in each.tasks)}
    assert expected
    assert set(world.found(IndexQuery(task=name))) == expected
    of_host = {(each.partition, each.key) for each in results if each.host == "web-1"}
    assert set(world.found(IndexQuery(task=name, host="web-1"))) == expected & of_host


def test_a_changed_file_finds_its_rollouts_and_with_another_condition_what_they_did(world: World) -> None:
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


def test_an_author_finds_the_changes_and_with_another_condition_what_they_did(world: World) -> None:
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
def test_what_followed_and_a_task_on_a_host_are_read_in_few_rounds(world: World, query: IndexQuery) -> None:
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
    world: World, query: IndexQuery, monkeypatch: pytest.MonkeyPatch
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
    world: World, others: dict[str, Any], monkeypatch: pytest.MonkeyPatch
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
def test_the_changes_themselves_are_found_with_what_followed(world: World, by: dict[str, Any]) -> None:
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


def rollouts_of(world: World, place: tuple[str, str]) -> list[str]:
    event = world.trail.event(*place)
    assert isinstance(event, DeliveryDecided)
    return [str(each.rollout) for each in event.decisions]


def test_who_asked_for_a_commit_once_more_is_not_its_author(world: World) -> None:
    request = RunRequest(id="q-1", trigger=Trigger.PERSON, actor="arn:aws:iam::1:user/ola", reason="try again")
    start = started_rollout("dev/eu-west-1").replace(actor=request.actor, request=request)
    places = {each.pk for each in entries_of(start)}
    assert {"author#hana#0"} == {each for each in places if each.startswith("author#")}
    assert not any(each.startswith("author#") for each in {one.pk for one in entries_of(start.replace(request=None))})


def test_a_path_finds_each_change_of_a_file_on_a_host(world: World) -> None:
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
def test_the_first_hundred_are_read_in_few_rounds(world: World, query: IndexQuery) -> None:
    world.index.rounds = world.index.read = 0
    found = list(islice(search(world.index, world.trail.event, query), 100))
    assert found
    assert world.index.rounds <= 3
    assert world.index.read <= 400
