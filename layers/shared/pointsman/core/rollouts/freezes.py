"""Freeze windows of a route: whether one is in effect, and until when. Import it only where a rollout has windows.

A window begins at the wall-clock time of its cron expression, and lasts for `seconds` of real time. At a change to
daylight saving time, cronsim does as Debian's cron does: a time that is skipped is the end of the gap, and a time that
comes twice is its first occurrence. https://github.com/cuu508/cronsim
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim

from pointsman.core.rollout_plan import FreezeWindow

LOOK_AHEAD = timedelta(days=400)
MOST_JOINED = 1_000  # windows that follow each other; an hourly one would otherwise be asked 9,600 times
PAST_A_REPEATED_HOUR = timedelta(hours=3)
_SECOND = timedelta(seconds=1)


def frozen_until(windows: Iterable[FreezeWindow], now: datetime) -> datetime | None:
    """The end of the freeze that is in effect at `now`, in UTC; None if there is none.

    Windows that overlap or follow each other without a pause are one freeze. If it is longer than 400 days or 1,000
    windows, the answer is a time at which it is still in effect: ask again then.
    """
    now = now.astimezone(UTC)
    windows = tuple(windows)
    end = now
    for _ in range(MOST_JOINED):
        later = max((_end(window, end) for window in windows), default=end)
        if later <= end or end - now > LOOK_AHEAD:
            break
        end = later
    return end if end > now else None


@lru_cache(maxsize=64)
def frozen_until_despite(
    windows: tuple[FreezeWindow, ...], overridden_at: datetime | None, now: datetime
) -> datetime | None:
    """As frozen_until(), for a rollout that a person let run in a freeze.

    That holds for the freeze which was in effect at `overridden_at`, or was the next one; not for those after it. All
    targets of a rollout ask the same, and what the last ones asked is kept.
    """
    until = frozen_until(windows, now)
    if until and overridden_at and now < _end_of_next(windows, overridden_at):
        return None
    return until


def _end_of_next(windows: tuple[FreezeWindow, ...], at: datetime) -> datetime:
    """The end of the freeze that is in effect at `at`, or of the next one."""
    if until := frozen_until(windows, at):
        return until
    begins = min(_next_begin(window, at) for window in windows)
    return frozen_until(windows, begins) or begins


def _next_begin(window: FreezeWindow, at: datetime) -> datetime:
    begin = next(CronSim(window.cron, at.astimezone(ZoneInfo(window.time_zone))), None)
    return begin.astimezone(UTC) if begin else datetime.max.replace(tzinfo=UTC)


def _end(window: FreezeWindow, at: datetime) -> datetime:
    """The end of the window's last occurrence that begins no later than `at`."""
    local = at.astimezone(ZoneInfo(window.time_zone)).replace(microsecond=0)
    # Within an hour that comes twice, cronsim would pass over what began in its first occurrence.
    margin = PAST_A_REPEATED_HOUR if local.fold else _SECOND
    start_of_search = (local.astimezone(UTC) + margin).astimezone(local.tzinfo)
    for begin in CronSim(window.cron, start_of_search, reverse=True):
        if begin.astimezone(UTC) <= at:
            return begin.astimezone(UTC) + timedelta(seconds=window.seconds)
    return at
