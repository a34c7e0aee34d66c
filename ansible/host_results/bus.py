"""Sends results to the control bus, and says which were accepted."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, cast

from .environment import Bus
from .parts import Unsent
from .result import to_json

MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 240_000
ATTEMPTS = 4
# An entry refused for one of these may be accepted a moment later.
PASSING = frozenset({"ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable", "Throttling"})


class EventsClient(Protocol):
    """The part of boto3's ``events`` client that is used."""

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Put up to ten entries; a success can still carry refused ones."""


def client(bus: Bus) -> EventsClient:
    """A client of the bus's own region that gives up within about 20 seconds."""
    import boto3  # noqa: PLC0415 - slow to import, and a run by hand does without
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=3, read_timeout=7, retries={"mode": "standard", "total_max_attempts": 2})
    return cast("EventsClient", boto3.client("events", region_name=bus.region, config=config))


def send(
    results: Sequence[Unsent], bus: Bus, events: EventsClient, wait: Callable[[float], None] = time.sleep
) -> Iterator[tuple[Unsent, str | None]]:
    """Send each result and yield it with None when it was accepted, or with the reason why not.

    What the client raises (no permission, no network) goes up, and what was not yielded is unsent.
    """
    for batch in _batches(results, bus):
        yield from _send_batch(batch, events, wait)


def _send_batch(
    batch: list[tuple[Unsent, dict[str, Any]]], events: EventsClient, wait: Callable[[float], None]
) -> Iterator[tuple[Unsent, str | None]]:
    for attempt in range(1, ATTEMPTS + 1):
        answers = events.put_events(Entries=[entry for _, entry in batch])["Entries"]
        again = []
        for (result, entry), answer in zip(batch, answers, strict=True):
            code = answer.get("ErrorCode")
            if code in PASSING and attempt < ATTEMPTS:
                again.append((result, entry))
            else:
                yield result, f"{code}: {answer.get('ErrorMessage', '')}" if code else None
        if not again:
            return
        batch = again
        wait(random.uniform(0.1, 0.3) * 2**attempt)  # noqa: S311 - spreads retries, hides nothing


def _batches(results: Sequence[Unsent], bus: Bus) -> Iterator[list[tuple[Unsent, dict[str, Any]]]]:
    batch: list[tuple[Unsent, dict[str, Any]]] = []
    weight = 0
    for result in results:
        entry = {
            "Source": bus.source,
            "DetailType": result.type,
            "Detail": to_json(result.detail),
            "EventBusName": bus.arn,
        }
        entry_weight = sum(len(text.encode()) for text in entry.values())
        if batch and (len(batch) == MAX_ENTRIES or weight + entry_weight > MAX_REQUEST_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append((result, entry))
        weight += entry_weight
    if batch:
        yield batch
