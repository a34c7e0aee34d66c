"""Tells the bus what nobody was told yet. The callback and bin/send-results both end here."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from .bus import EventsClient, client, send
from .environment import Bus
from .spool import Spool, Unsent


@dataclass(frozen=True)
class Delivery:
    """How it went: the hosts whose results were accepted, and the other results, each with its reason."""

    sent: list[str]
    refused: list[tuple[Unsent, str]]


def deliver(pending: Sequence[Unsent], spool: Spool, bus: Bus, events: EventsClient | None = None) -> Delivery:
    """Send the results and note in the spool which were accepted.

    Raises nothing: a fault is the reason of what it stopped.
    """
    outcome = Delivery([], [])
    told: set[tuple[str, str]] = set()
    try:
        for result, reason in send(pending, bus, events or client(bus)) if pending else ():
            told.add((result.run, result.host))
            if reason is not None:
                outcome.refused.append((result, reason))
                continue
            outcome.sent.append(result.host)
            with contextlib.suppress(OSError):  # It is sent again then, and known by its content.
                spool.append(result.run, "sent", host=result.host)
    except Exception as error:  # Whatever boto3 can raise: no network, no permission, no credentials, not installed.
        reason = f"{type(error).__name__}: {error}"
        outcome.refused.extend((result, reason) for result in pending if (result.run, result.host) not in told)
    return outcome
