"""The events of commands in lines for people: what somebody decided, and why."""

from collections.abc import Iterator
from typing import assert_never

from rich.text import Text

from pointsman.core.text import join_first
from pointsman.core.trail.command_events import (
    CommandEvent,
    CommandRefused,
    FreezeEnded,
    FreezeStarted,
    RolloutApproved,
    RolloutCancelled,
    RolloutHeld,
    RolloutRejected,
    RolloutRequested,
    RolloutResumed,
    RolloutRetried,
    RolloutRolledBack,
)
from pointsmanctl.output.times import at_minute

EVERYTHING = "*"


def command_lines(event: CommandEvent) -> Iterator[Text]:
    """Yield what a command did in one line, and the details below it."""
    reason = f": {event.reason}" if event.reason else ""
    login = f" (as {event.login})" if event.login else ""
    match event:
        case CommandRefused():
            yield Text(f"{event.name} refused{login}{reason}", "yellow")
        case RolloutRolledBack():
            yield from _rolled_back(event, reason)
        case FreezeStarted() | FreezeEnded():
            yield _freeze(event, reason)
        case _:
            yield Text(f"{_decision(event)}{login}{reason}", _STYLES.get(type(event), ""))


_STYLES: dict[type[CommandEvent], str] = {
    RolloutCancelled: "yellow",
    RolloutApproved: "green",
    RolloutRejected: "yellow",
    RolloutHeld: "yellow",
}


def _decision(event: CommandEvent) -> str:
    """What was decided about one rollout."""
    name = f"rollout {event.rollout}"
    match event:
        case RolloutCancelled():
            return f"{name} cancelled"
        case RolloutApproved():
            return f"{name} approved after wave {event.wave}"
        case RolloutRejected():
            return f"{name} rejected after wave {event.wave}"
        case RolloutHeld():
            return f"{name} held until {at_minute(event.until)}"
        case RolloutResumed():
            return f"{name} resumed{_freezes(override=event.overrides_freeze)}"
        case _:
            return _runs(event, name)


def _runs(event: CommandEvent, name: str) -> str:
    """What somebody had run."""
    match event:
        case RolloutRetried():
            hosts = {target: f" ({', '.join(names)})" for target, names in event.hosts.items()}
            targets = ", ".join(f"{target}{hosts.get(target, '')}" for target in event.retried)
            where = f" on {targets}" if targets else ": it goes on"
            return f"{name} retried{where}{_freezes(override=event.overrides_freeze)}"
        case RolloutRequested():
            limit = f", hosts {event.limit}" if event.limit else ""
            where = f"{join_first(event.targets)}{limit}"
            return f"{name} requested by hand on {where}{_freezes(override=event.overrides_freeze)}"
        case _:
            return event.type


def _freezes(*, override: bool) -> str:
    return ", in a freeze, too" if override else ""


def _rolled_back(event: RolloutRolledBack, reason: str) -> Iterator[Text]:
    done = f"rolled back{_freezes(override=event.overrides_freeze)}" if event.parts else "cannot go back"
    yield Text(f"rollout {event.rollout} {done}{reason}", "yellow")
    for part in event.parts:
        yield Text(f"back to {part.commit[:7]} of {part.rollout}: {join_first(part.targets)}")
    for target, why in event.left_out.items():
        yield Text(f"{target} stays: {why}", "dim")


def _freeze(event: FreezeStarted | FreezeEnded, reason: str) -> Text:
    scope = "everything" if event.scope == EVERYTHING else event.scope
    match event:
        case FreezeStarted():
            return Text(f"{scope} frozen until {at_minute(event.until)}{reason}", "yellow")
        case FreezeEnded():
            return Text(f"{scope} no longer frozen{reason}")
        case _ as never:
            assert_never(never)
