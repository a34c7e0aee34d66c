"""Measure what a report costs: `python -m bench.audit.report [--pushes 1000]`, to 10 targets with one host each."""

import argparse
import math
import resource
import tempfile
import time
from collections.abc import Iterable
from datetime import timedelta
from itertools import batched

import msgspec

from bench.audit.events import MINUTES_BETWEEN, START, BenchmarkPush
from bench.audit.store import EVENTUAL, READ_UNIT, SizedIndex, size_of
from pointsman.adapters.report_page.html import html_page
from pointsman.adapters.report_page.markdown import markdown_page
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.report.build import report_of
from pointsman.core.report.records import READ_TYPES, records
from pointsman.core.report.span import TimeSpan
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted, read_event
from pointsman.core.trail.item import to_item

READ_UNIT_PRICE = 0.000000125  # as in tools/cost/prices.toml


class SizedEvents:
    """The events that a report reads, as bytes, so that the process has no more memory than a reader of DynamoDB."""

    def __init__(self) -> None:
        self.stored: dict[EventKey, tuple[int, bytes]] = {}
        self.read_units = 0.0

    def add(self, event: Event) -> None:
        if event.type in READ_TYPES:
            self.stored[EventKey.of(event)] = (size_of(to_item(event)), event.to_json().encode())

    def load(self, places: Iterable[EventKey]) -> dict[EventKey, Event]:
        found: dict[EventKey, Event] = {}
        for place in places:
            size, content = self.stored[place]
            self.read_units += math.ceil(size / READ_UNIT) * EVENTUAL
            found[place] = read_event(msgspec.json.decode(content))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pushes", type=int, default=1_000)
    pushes = parser.parse_args().pushes
    with tempfile.TemporaryDirectory() as folder:
        index, events = SizedIndex(f"{folder}/index.db"), SizedEvents()
        _fill(index, events, pushes)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, span = time.process_time(), TimeSpan(START, START + timedelta(minutes=MINUTES_BETWEEN * (pushes + 1)))
        found = report_of(records(index, events.load, span), span, span.until)
        page = html_page(found, span, "UTC")
        seconds = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    units = index.charge.read_units + events.read_units
    print(f"{found.changes.total:,} changes, {found.runs.total:,} runs, {found.minutes:,} minutes")
    print(f"read units: {index.charge.read_units:,.0f} of the index, {events.read_units:,.0f} of the trail")
    print(f"they cost ${units * READ_UNIT_PRICE:.5f}; round trips to the index: {index.charge.rounds:,}")
    print(f"CPU: {seconds:.1f} s; memory: {grown:,.0f} MB more; HTML: {len(page) / 1e6:.2f} MB", end="")
    print(f"; Markdown: {len(markdown_page(found, span, 'UTC')) / 1e6:.2f} MB")


def _fill(index: SizedIndex, events: SizedEvents, pushes: int) -> None:
    starts: dict[str, RolloutStarted] = {}
    indexer = Indexer(index, starts.get, lambda _: {})
    for numbers in batched(range(pushes), 5):
        found = [event for number in numbers for event in BenchmarkPush(number).events()]
        starts |= {str(event.rollout): event for event in found if isinstance(event, RolloutStarted)}
        indexer.apply([EventChange(place=EventKey.of(event), new=event) for event in found])
        starts.clear()
        for event in found:
            events.add(event)


if __name__ == "__main__":
    main()
