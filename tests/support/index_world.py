"""A trail of rollouts with its index, and questions that are answered from both."""

import random
from collections.abc import Sequence

from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.decision import Decision, Outcome
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.index.streams import Page, PageRequest
from pointsman.core.model import RolloutId
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, RolloutStarted
from tests.support.events import (
    after,
    ended_rollout,
    ended_run,
    host,
    playbook_ended,
    started_rollout,
    started_run,
    task,
)

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


class IndexWorld:
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
    return [decided, start.replace(change=decided.change.replace(files=()))]


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
        if (number + place) % 3:  # of the others, results may be missing
            events.append(playbook_ended(target, exit_status=0).replace(**about, at=after(at + 4)))
        events.append(ended_run(target).replace(**about, at=after(at + 5)))
    return [*events, ended_rollout().replace(**about, at=after(number * 100 + 99))]
