"""The freezes that are in effect: those that people made, and the windows of routes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pointsman.core.rollout_plan import FreezeWindow
from pointsman.core.rollouts.freezes import frozen_until
from pointsman.core.route_state import Freezes
from pointsman.core.text import format_duration
from pointsmanctl.stack.rollouts import RolloutReader


class FreezeKind(StrEnum):
    """What makes a freeze."""

    PERSON = "person"
    WINDOW = "window"


@dataclass(frozen=True)
class LiveFreeze:
    """A freeze that is in effect."""

    scope: str  # a route's name, a target such as `prod/*`, or `*` for everything
    kind: FreezeKind
    until: datetime
    reason: str
    caller: str | None = None  # ARN of the IAM principal
    since: datetime | None = None
    command: str | None = None


type Windows = Mapping[str, tuple[FreezeWindow, ...]]
"""By the route's name."""


def by_people(freezes: Freezes, now: datetime) -> Iterator[LiveFreeze]:
    """Yield the freezes that people made and that are not over."""
    for scope, freeze in sorted(freezes.scopes.items()):
        if freeze.until > now:
            yield LiveFreeze(
                scope, FreezeKind.PERSON, freeze.until, freeze.reason, freeze.caller, freeze.at, freeze.command
            )


def by_windows(windows: Windows, now: datetime) -> Iterator[LiveFreeze]:
    """Yield the routes of which a window is in effect. `until` is the end of the last window that follows."""
    for route, each in sorted(windows.items()):
        current = [window for window in each if frozen_until([window], now)]
        if current and (until := frozen_until(each, now)):
            yield LiveFreeze(route, FreezeKind.WINDOW, until, "; ".join(map(_words, current)))


def _words(window: FreezeWindow) -> str:
    return f"{window.cron} for {format_duration(window.seconds)} ({window.time_zone})"


def windows_of_open(reader: RolloutReader, rollouts: Iterable[str]) -> Windows:
    """Return the windows of the routes of open rollouts, as these rollouts carry them."""
    loaded = reader.load_each(rollouts)
    plans = {each.rollout.spec.route: each.rollout.spec.plan for each in reversed(loaded)}  # the newest last
    return {route: plan.freezes for route, plan in plans.items() if plan}
