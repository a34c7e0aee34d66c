"""Sends pending events to the bus, for the runner, the callback of a manual run and bin/send-results."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .bus import EventsClient, events_client, send
from .environment import Bus
from .pending import PendingEvent, mark_sent, pending_ends, pending_results
from .spool import Spool

# A build must not time out, and so fail, since the bus is slow. What is left is sent later, or missing.
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class SendResult:
    """The events that the bus accepted, and the others with their reasons."""

    sent: list[PendingEvent]
    refused: list[tuple[PendingEvent, str]]


def deliver_all(
    spool: Spool,
    bus: Bus,
    events: EventsClient | None = None,
    *,
    ended: bool,
    again: bool = False,
    unwritten_end: PendingEvent | None = None,
) -> SendResult:
    """Send the hosts' pending results. Once Ansible has `ended`, also send its end, with the missing results.

    If all of it is sent `again` later, an end that would name missing results waits: they may not be missing then.
    `unwritten_end` is an end that could not be written to the spool, so it is sent now. Raises OSError when the spool
    cannot be written and Ansible has not ended.
    """
    hosts = deliver(pending_results(spool, ended=ended), spool, bus, events)
    if not ended or (again and hosts.refused and unwritten_end is None):
        return hosts
    missing = {name: sorted({event.host for event, _ in hosts.refused if event.run == name}) for name in _runs(hosts)}
    pending = pending_ends(spool, missing)
    if unwritten_end:
        pending.append(unwritten_end.with_missing(missing.get(unwritten_end.run, ())))
    ends = deliver(pending, spool, bus, events)
    return SendResult([*hosts.sent, *ends.sent], [*hosts.refused, *ends.refused])


def _runs(result: SendResult) -> set[str]:
    return {event.run for event, _ in result.refused}


def _stop_after(until: float) -> None:
    if time.monotonic() > until:
        raise TimeoutError(f"the bus took more than {MOST_SECONDS:.0f} seconds")


def deliver(pending: Sequence[PendingEvent], spool: Spool, bus: Bus, events: EventsClient | None = None) -> SendResult:
    """Send the events, and record in the spool which of them the bus accepted.

    Raises nothing: an exception becomes the reason of the events that are not sent.
    """
    outcome = SendResult([], [])
    answered: set[tuple[str, str, int]] = set()
    try:
        until = time.monotonic() + MOST_SECONDS
        for event, reason in send(pending, bus, events or events_client(bus)) if pending else ():
            answered.add((event.run, event.host, event.part))
            if reason is not None:
                outcome.refused.append((event, reason))
            else:
                outcome.sent.append(event)
                with contextlib.suppress(OSError):  # Then it is sent again, and the audit recognises it.
                    mark_sent(spool, event)
            _stop_after(until)
    except Exception as error:  # No network, no permission, no credentials, no boto3.
        reason = f"{type(error).__name__}: {error}"
        unanswered = [event for event in pending if (event.run, event.host, event.part) not in answered]
        outcome.refused.extend((event, reason) for event in unanswered)
    return outcome
