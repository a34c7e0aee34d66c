"""Sends results to the control bus, and reports which it accepted."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, cast

from .environment import Bus
from .pending import PendingEvent
from .result import to_json

MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 240_000
ATTEMPTS = 4
# The bus may accept an entry with one of these errors a moment later.
TRANSIENT = frozenset(
    {"ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable", "Throttling"}
)


class EventsClient(Protocol):
    """The method of boto3's ``events`` client that is used."""

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Put up to ten entries. A successful answer can still contain refused entries."""


def events_client(bus: Bus) -> EventsClient:
    """A client in the region of the bus. A call takes at most about 20 seconds."""
    import boto3  # noqa: PLC0415 - slow to import, and a manual run does not need it
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=3, read_timeout=7, retries={"mode": "standard", "total_max_attempts": 2})
    return cast("EventsClient", boto3.client("events", region_name=bus.region, config=config))


def send(
    results: Sequence[PendingEvent], bus: Bus, events: EventsClient, wait: Callable[[float], None] = time.sleep
) -> Iterator[tuple[PendingEvent, str | None]]:
    """Send each result. Yield it with None if the bus accepted it, else with the reason.

    The client's exceptions (no permission, no network) are not caught. What was not yielded then is not sent.
    """
    for batch in _batches(results, bus):
        yield from _send_batch(batch, events, wait)


def _send_batch(
    batch: list[tuple[PendingEvent, dict[str, Any]]], events: EventsClient, wait: Callable[[float], None]
) -> Iterator[tuple[PendingEvent, str | None]]:
    for attempt in range(1, ATTEMPTS + 1):
        answers = events.put_events(Entries=[entry for _, entry in batch])["Entries"]
        retries = []
        for (result, entry), answer in zip(batch, answers, strict=True):
            code = answer.get("ErrorCode")
            if code in TRANSIENT and attempt < ATTEMPTS:
                retries.append((result, entry))
            else:
                yield result, f"{code}: {answer.get('ErrorMessage', '')}" if code else None
        if not retries:
            return
        batch = retries
        wait(random.uniform(0.1, 0.3) * 2**attempt)  # noqa: S311 - spreads the retries; it is not for a secret


def _batches(results: Sequence[PendingEvent], bus: Bus) -> Iterator[list[tuple[PendingEvent, dict[str, Any]]]]:
    batch: list[tuple[PendingEvent, dict[str, Any]]] = []
    size = 0
    for result in results:
        entry = {
            "Source": bus.source,
            "DetailType": result.type,
            "Detail": to_json(result.detail),
            "EventBusName": bus.arn,
        }
        entry_size = sum(len(text.encode()) for text in entry.values())
        if batch and (len(batch) == MAX_ENTRIES or size + entry_size > MAX_REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((result, entry))
        size += entry_size
    if batch:
        yield batch
