"""The handlers of the index, the archive and the report on twins, one case each."""

import json
import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from bench.fuzz.case import Case, samples
from bench.fuzz.mutate import mutated
from functions.audit_archiver import handler as audit_archiver
from functions.audit_archiver import wiring as archiver_wiring
from functions.audit_indexer import handler as audit_indexer
from functions.audit_indexer import wiring as indexer_wiring
from functions.audit_reporter import handler as audit_reporter
from functions.audit_reporter.settings import ReportZone
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.expiry_memory import MemoryExpiry
from pointsman.adapters.index_memory import MemoryIndex
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.archive.age import ArchiveAge
from pointsman.core.index.entry import EventKey
from pointsman.core.index.indexer import EventChange, Indexer
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import read_event
from tests.support.archive import ArchivedTrail
from tests.support.lambda_context import FakeContext
from tests.support.rollouts import MORNING


def audit_indexer_case(chance: random.Random) -> Case:
    """A stored event of any content: one that cannot be indexed would hold up all that come after it."""
    index, starts = MemoryIndex(), MemoryTrail()
    indexer = Indexer(index, starts.start_of_rollout, starts.load)
    name, event = chance.choice(samples("ours"))
    data = json.loads(json.dumps(mutated(event, chance)), parse_float=Decimal)
    item = {"pk": f"ROLLOUT#{event.get('rollout')}", "sk": f"{name}#1", "type": name, "at": event["at"], "data": data}
    try:
        images = {"NewImage": marshal(item)} | ({"OldImage": marshal(item)} if chance.random() < 0.2 else {})
        json.dumps(images, ensure_ascii=False).encode()
    except (TypeError, ArithmeticError, UnicodeEncodeError):
        return Case("the table refuses it")
    place = {"Keys": marshal({"pk": item["pk"], "sk": item["sk"]}), "SequenceNumber": "1"}
    about = {**place, "ApproximateCreationDateTime": MORNING.timestamp(), **images}
    archive = ArchivedTrail()
    archive.archive.refuses = chance.random() < 0.3
    age = ArchiveAge(archive.archive, lambda: archive.now)
    with patch.multiple(
        indexer_wiring,
        indexer=lambda: indexer,
        segments=lambda: archive.archive,
        kept=lambda: archive.kept,
        archive_age=lambda: age,
    ):
        audit_indexer.lambda_handler({"Records": [{"eventName": "INSERT", "dynamodb": about}]}, FakeContext())
    archive.close(2)
    if not archive.verify(offline=True).first or archive.whole.waiting():
        return Case("broken", "its hour cannot be closed")
    keys = list(index.keys())
    if any(len(pk.encode()) > 2048 or len(sk.encode()) > 1024 for pk, sk in keys):
        return Case("broken", "the table would refuse a key of an entry")
    return Case("indexed" if keys else "not listed")


def audit_archiver_case(chance: random.Random) -> Case:
    """Items of any content, stored, kept or twice: each hour is closed, with every change once."""
    trail = ArchivedTrail()
    items = [item for _ in range(chance.randrange(1, 5)) if (item := _item(chance))]
    settings, expiry = SimpleNamespace(expire_after_days=chance.choice((0, 30))), MemoryExpiry()
    with (
        patch.multiple(
            archiver_wiring,
            archive=lambda: trail.whole,
            archiver=lambda: trail.archiver,
            settings=lambda: settings,
            expiry=lambda: expiry,
            has_lost=lambda: False,
        ),
        patch.object(audit_archiver, "now", lambda: trail.now),
    ):
        for item in items:
            trail.archive.refuses = chance.random() < 0.3
            change = trail.change(item, chance.choice(("INSERT", "INSERT", "MODIFY", "REMOVE")))
            for _ in range(chance.choice((1, 1, 2))):
                trail.stream(change)
            trail.now += timedelta(hours=chance.randrange(2))
            audit_archiver.lambda_handler({}, FakeContext(remaining=600_000))
        trail.now += timedelta(hours=2)
        audit_archiver.lambda_handler({}, FakeContext(remaining=600_000))
    result = trail.verify(offline=True)
    if trail.whole.waiting():
        return Case("broken", "an hour cannot be closed")
    # An item whose attributes do not fit its data, and one that somebody removed, are named: that is right.
    wrong = sorted({each.kind for each in result.findings} - {"changed", "removed"})
    if wrong or result.events != len(items):
        return Case("broken", f"{result.events} of {len(items)} items are proven: {wrong}")
    return Case("archived" if items else "nothing to archive")


def _item(chance: random.Random) -> dict[str, Any] | None:
    """An item of the table, as a stream delivers it; None: the table refuses it."""
    name, event = chance.choice(samples("ours"))
    data = json.loads(json.dumps(mutated(event, chance)), parse_float=Decimal)
    item = {"pk": f"ROLLOUT#{chance.choice('ab')}", "sk": f"{name}#1", "type": name, "at": event["at"], "data": data}
    try:
        stored = unmarshal(marshal(item))
        json.dumps(stored, ensure_ascii=False).encode()
    except (TypeError, ArithmeticError, UnicodeEncodeError):
        return None
    return stored


def audit_reporter_case(chance: random.Random) -> Case:
    """A trail with events of any content: its report is written, and no text from outside is markup in it."""
    events: dict[EventKey, Event] = {}
    for _, event in samples("ours"):
        with suppress(ValueError, KeyError, AttributeError):
            read = read_event(mutated(event, chance) | {"type": event["type"], "at": event["at"]})
            read.to_json().encode()  # the table takes no surrogates
            events[EventKey.of(read)] = read
    index, pages = MemoryIndex(), dict[str, str]()
    starts = {event.rollout: event for event in events.values() if event.type == "RolloutStarted"}

    def load(places: Iterable[EventKey]) -> dict[EventKey, Event]:
        return {each: events[each] for each in places if each in events}

    Indexer(index, starts.get, load).apply(  # type: ignore[arg-type]
        [EventChange(place=place, new=event) for place, event in events.items()]
    )
    names = SimpleNamespace(
        audit_table="", index_table="", report_bucket="", report_time_zone=ReportZone("Pacific/Auckland")
    )
    with patch.multiple(
        audit_reporter,
        _settings=lambda: names,
        aws_client=lambda *_: None,
        now=lambda: max((event.at for event in events.values()), default=MORNING) + timedelta(hours=1),
        DynamoEntryReader=lambda *_: index,
        DynamoTrail=lambda *_: SimpleNamespace(load=load),
        ReportBucket=lambda *_: SimpleNamespace(put=pages.__setitem__, written_at=lambda _: None),
    ):
        audit_reporter.lambda_handler({}, FakeContext(remaining=600_000))
    text = "".join(pages.values()).lower()
    if "<script" in text or 'href="javascript' in text:
        return Case("broken", "text from outside is markup in a report")
    return Case("with changes" if 'id="r-' in text else "without changes")
