"""Measure what a push costs in the trail, and what questions cost. A figure that misses a goal is not a failure.

`python -m bench.audit [--events 1000,100000] [--folder FOLDER]`: a million events need about 3 GB in the folder.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from itertools import batched, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.audit.events import EVENTS_OF_A_PUSH, PEOPLE, REPOSITORIES, TASKS, BenchmarkPush, pushes
from bench.audit.store import WRITE_UNIT, Charge, SizedIndex, size_of
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.search import search
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import (
    BuildReported,
    DeliveryDecided,
    HostResultRecorded,
    PlaybookEnded,
    RolloutStarted,
)
from pointsman.core.trail.item import to_item

ROWS = 100
FROM_OUTSIDE = (BuildReported, HostResultRecorded, PlaybookEnded)  # not in a transaction, which costs twice
FORMER_INDEXES = ("at", "actor", "commit", "target", "host")  # each had a copy of every event that had the field
SAMPLES = 9
PUSHES = 200  # of which the means of a push are taken


def main() -> None:
    given = _arguments()
    console = Console()
    console.print(_of_a_push())
    for number in (int(each) for each in given.events.split(",")):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            index, newest = _filled(f"{folder}/index.db", number, console)
            console.print(_of_questions(index, newest, number))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", default="1000,100000")
    parser.add_argument("--folder", type=Path, help="for the databases; default: the system's temporary folder")
    return parser.parse_args()


def _of_a_push() -> Table:
    """Write units and bytes of a push, before (five indexes with copies) and now: means of many."""
    former = now = former_bytes = now_bytes = 0
    hottest = 0
    index = SizedIndex(":memory:")
    for push in (BenchmarkPush(number) for number in range(PUSHES)):
        events = list(push.events())
        for event in events:
            size = size_of(to_item(event))
            units = math.ceil(size / WRITE_UNIT)
            written = units * (1 if isinstance(event, FROM_OUTSIDE) else 2)
            copies = sum(bool(getattr(event, name)) for name in FORMER_INDEXES)
            former, now = former + written + units * copies, now + written
            former_bytes, now_bytes = former_bytes + size * (1 + copies), now_bytes + size
        index.by_partition.clear()
        _indexed(index, events)
        hottest = max(hottest, *index.by_partition.values())
    now, now_bytes = now + index.write_units, now_bytes + index.stored_bytes
    table = Table(
        title=f"One push to 10 targets with one host each: {EVENTS_OF_A_PUSH} events; means of {PUSHES} pushes"
    )
    for column in ("", "five indexes", "index of its own", "ratio", "goal"):
        table.add_column(column)
    for name, before, after in (("write units", former, now), ("bytes stored", former_bytes, now_bytes)):
        table.add_row(name, f"{before / PUSHES:,.0f}", f"{after / PUSHES:,.0f}", f"{after / before:.2f}", "0.50")
    table.add_row("most writes to one partition", f"{EVENTS_OF_A_PUSH:,}", f"{hottest:,}", "", "")
    return table


def _indexed(index: SizedIndex, events: Sequence[Event]) -> None:
    """Write the entries of whole pushes, as audit_indexer does."""
    starts = {event.rollout: event for event in events if isinstance(event, RolloutStarted)}
    Indexer(index, starts.get, lambda _: {}).apply(EventChange(place=EventKey.of(event), new=event) for event in events)


def _filled(path: str, number: int, console: Console) -> tuple[SizedIndex, BenchmarkPush]:
    index = SizedIndex(path)
    began, last = time.process_time(), BenchmarkPush(0)
    for some in batched(pushes(number), 5):
        _indexed(index, [event for push in some for event in push.events()])
        last = some[-1]
    seconds = time.process_time() - began
    written = (last.number + 1) * EVENTS_OF_A_PUSH
    console.print(
        f"{written:,} events, {index.written / written:.1f} entries each, {written / seconds:,.0f} a CPU second"
    )
    return index, last


def _of_questions(index: SizedIndex, newest: BenchmarkPush, number: int) -> Table:
    table = Table(title=f"The first {ROWS} of {number:,} events")
    for column in ("question", "rows", "round trips", "read units", "CPU ms"):
        table.add_column(column)
    for name, query in _questions(newest).items():
        times = []
        for _ in range(SAMPLES):
            index.charge, began = Charge(), time.process_time()
            found = list(islice(search(index, _no_event, query), ROWS))
            times.append(time.process_time() - began)
        charge = index.charge
        table.add_row(
            name,
            str(len(found)),
            str(charge.rounds),
            f"{charge.read_units:.1f}",
            f"{sorted(times)[SAMPLES // 2] * 1e3:.1f}",
        )
    return table


def _no_event(_partition: str, _key: str) -> Event | None:
    return None


def _questions(newest: BenchmarkPush) -> dict[str, IndexQuery]:
    old = BenchmarkPush(newest.number // 2)
    [delivery] = [event for event in old.events() if isinstance(event, DeliveryDecided)]
    results = [event for event in old.events() if isinstance(event, HostResultRecorded) and event.tasks]
    host, path = results[0].host, results[0].tasks[0].changed_paths[0]
    repository = REPOSITORIES[1]
    return {
        "everything": IndexQuery(),
        "a person": IndexQuery(person=PEOPLE[3]),
        "an author": IndexQuery(author=PEOPLE[4]),
        "a repository": IndexQuery(repository=repository),
        "a branch": IndexQuery(repository=repository, branch="main"),
        "a changed file": IndexQuery(repository=delivery.repository, file=delivery.change.files[0]),
        "a commit": IndexQuery(commit=old.commit),
        "the beginning of a commit": IndexQuery(commit=old.commit[:7]),
        "a route": IndexQuery(route="site"),
        "a rollout": IndexQuery(rollout=old.rollout),
        "an account": IndexQuery(account="prod"),
        "a region": IndexQuery(region="eu-west-1"),
        "a host": IndexQuery(host=host),
        "a file on a host": IndexQuery(host=host, path=path),
        "a task": IndexQuery(task=TASKS[3]),
        "what failed": IndexQuery(outcomes=("failed",)),
        "what changed": IndexQuery(outcomes=("changed",)),
        "rollouts": IndexQuery(types=("RolloutStarted",)),
        "what failed of a person": IndexQuery(person=PEOPLE[3], outcomes=("failed",)),
        "what failed of an author": IndexQuery(author=PEOPLE[4], outcomes=("failed",)),
        "what failed of a repository in a region": IndexQuery(
            repository=repository, region="eu-west-1", outcomes=("failed",)
        ),
        "what a person changed on a host": IndexQuery(person=PEOPLE[3], host=host, outcomes=("changed",)),
        "what failed on a host": IndexQuery(host=host, outcomes=("failed",)),
        "what a person changed": IndexQuery(person=PEOPLE[3], outcomes=("changed",)),
        "what a person did in a region": IndexQuery(person=PEOPLE[3], region="eu-west-1"),
        "what a person did on a host": IndexQuery(person=PEOPLE[3], host=host),
        "a person's changes to a repository": IndexQuery(person=PEOPLE[3], repository=repository),
        "a repository in a region": IndexQuery(repository=repository, region="eu-west-1"),
        "what followed from an author in a region": IndexQuery(author=PEOPLE[4], region="eu-west-1"),
        "a task on a host": IndexQuery(task=TASKS[3], host=host),
        "a task in a region": IndexQuery(task=TASKS[3], region="eu-west-1"),
        "a task by a person": IndexQuery(task=TASKS[3], person=PEOPLE[3]),
        "a task that failed": IndexQuery(task=TASKS[3], outcomes=("failed",)),
        "runs that succeeded of a person": IndexQuery(person=PEOPLE[3], types=("RunEnded",)),
    }


if __name__ == "__main__":
    main()
