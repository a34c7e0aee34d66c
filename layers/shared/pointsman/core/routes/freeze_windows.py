"""Checks of freeze windows: when they begin, in which time zone, and that they end.

Only checks of routes.yaml need this module: it imports what webhook_receiver has no time for.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from heapq import merge
from importlib import resources
from itertools import islice, pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

from pointsman.core.routes.suggestions import did_you_mean

FIELDS = 5
# Any time will do: summer time is left out, so that a freeze of 24 hours each day counts as one without an end.
_START = datetime(2026, 1, 1) - timedelta(seconds=1)  # noqa: DTZ001 - the local time of any time zone
_STARTS_TRIED = 50_000  # more than the minutes of a month
_YEAR = timedelta(days=400)  # and more
_OFFSETS_AT = (datetime(2026, 1, 15), datetime(2026, 7, 15))  # noqa: DTZ001 - the local time of any time zone
_MAY_STILL_LAST = timedelta(days=32)  # a window that began before _START, in any time zone


def _cron(text: str) -> str:
    if len(text.split()) != FIELDS:
        raise ValueError(
            "must have five fields: minute, hour, day of the month, month, day of the week; "
            "`0 17 * * FRI` is each Friday at 17:00"
        )
    try:
        starts = next(_starts(text), None)
    except CronSimError as error:
        raise ValueError(f"is not a cron expression: {str(error).replace('Bad', 'invalid')}") from error
    if starts is None:
        raise ValueError("never begins: no day of any year matches")
    return text


def _time_zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError(f"`{name}` is not a time zone of IANA{did_you_mean(name, sorted(time_zones()))}")
    return name


@cache
def time_zones() -> frozenset[str]:
    """The names that zoneinfo finds on every machine, with the package tzdata."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


def never_ends(cron: str, seconds: int) -> bool:
    """Whether each window begins before the last one is over."""
    return all((later - sooner).total_seconds() <= seconds for sooner, later in pairwise(_first_starts(cron)))


def never_end_together(windows: Iterable[tuple[str, int, str]]) -> bool:
    """Whether some window is always in effect. Each has its cron expression, its seconds and its time zone.

    With the offsets of winter and with those of summer: an hour that a change of time leaves out is no pause.
    """
    windows = tuple(windows)
    return all(_leave_no_pause(windows, moment) for moment in _OFFSETS_AT)


def _leave_no_pause(windows: tuple[tuple[str, int, str], ...], offsets_at: datetime) -> bool:
    spans = merge(*(_spans(cron, seconds, _offset(zone, offsets_at)) for cron, seconds, zone in windows))
    frozen_until = _START
    for begin, end in islice(spans, _STARTS_TRIED * len(windows)):
        if begin > max(frozen_until, _START + _MAY_STILL_LAST):
            return False
        frozen_until = max(frozen_until, end)
        if begin > _START + _YEAR:
            return True
    return True


def _spans(cron: str, seconds: int, offset: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The times of a window, without end."""
    for start in _starts(cron):
        yield start - offset, start - offset + timedelta(seconds=seconds)


def _offset(zone: str, moment: datetime) -> timedelta:
    return moment.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()


def _first_starts(cron: str) -> Iterator[datetime]:
    """The starts of more than a year. If there are too many, of more than a month."""
    for number, start in enumerate(islice(_starts(cron), _STARTS_TRIED)):
        yield start
        if number and start - _START > _YEAR:
            return


def _starts(cron: str) -> Iterator[datetime]:
    return iter(CronSim(cron, _START))


Cron = Annotated[str, AfterValidator(_cron), Field(max_length=100)]
TimeZone = Annotated[str, AfterValidator(_time_zone), Field(max_length=100)]
