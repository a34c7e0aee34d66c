"""Tells the bus what nobody was told yet. The runner, the callback of a run by hand and bin/send-results end here."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from .bus import EventsClient, client, send
from .environment import Bus
from .parts import Unsent, endings, mark_sent, unsent
from .spool import Spool


@dataclass(frozen=True)
class Delivery:
    """How it went: what was accepted, and the other events, each with its reason."""

    sent: list[Unsent]
    refused: list[tuple[Unsent, str]]


def deliver_all(spool: Spool, bus: Bus, events: EventsClient | None = None, *, ended: bool) -> Delivery:
    """Send what a spool owes: the hosts' results and, once Ansible has ended, how it ended and whose are missing.

    Raises OSError when the spool cannot be written.
    """
    hosts = deliver(unsent(spool, ended=ended), spool, bus, events)
    if not ended:
        return hosts
    missing = {name: sorted({event.host for event, _ in hosts.refused if event.run == name}) for name in _runs(hosts)}
    ends = deliver(endings(spool, missing), spool, bus, events)
    return Delivery([*hosts.sent, *ends.sent], [*hosts.refused, *ends.refused])


def _runs(delivery: Delivery) -> set[str]:
    return {event.run for event, _ in delivery.refused}


def deliver(pending: Sequence[Unsent], spool: Spool, bus: Bus, events: EventsClient | None = None) -> Delivery:
    """Send the events and note in the spool which were accepted.

    Raises nothing: a fault is the reason of what it stopped.
    """
    outcome = Delivery([], [])
    told: set[tuple[str, str, int]] = set()
    try:
        for event, reason in send(pending, bus, events or client(bus)) if pending else ():
            told.add((event.run, event.host, event.part))
            if reason is not None:
                outcome.refused.append((event, reason))
                continue
            outcome.sent.append(event)
            with contextlib.suppress(OSError):  # It is sent again then, and known by its content.
                mark_sent(spool, event)
    except Exception as error:  # Whatever boto3 can raise: no network, no permission, no credentials, not installed.
        reason = f"{type(error).__name__}: {error}"
        left = [event for event in pending if (event.run, event.host, event.part) not in told]
        outcome.refused.extend((event, reason) for event in left)
    return outcome
