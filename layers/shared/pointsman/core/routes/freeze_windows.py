"""Checks of freeze windows: when they begin, in which time zone, and that they end.

Only checks of routes.yaml need this module: it imports what webhook_receiver has no time for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from itertools import islice, pairwise
from typing import Annotated

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

from pointsman.core.routes.suggestions import did_you_mean

FIELDS = 5
# Any time will do: summer time is left out, so that a freeze of 24 hours each day counts as one without an end.
_START = datetime(2026, 1, 1) - timedelta(seconds=1)  # noqa: DTZ001 - the local time of any time zone
_STARTS_TRIED = 50_000  # more than the minutes of a month


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


def _first_starts(cron: str) -> Iterator[datetime]:
    """The starts of more than a year. If there are too many, of more than a month."""
    for number, start in enumerate(islice(_starts(cron), _STARTS_TRIED)):
        yield start
        if number and start - _START > timedelta(days=400):
            return


def _starts(cron: str) -> Iterator[datetime]:
    return iter(CronSim(cron, _START))


Cron = Annotated[str, AfterValidator(_cron), Field(max_length=100)]
TimeZone = Annotated[str, AfterValidator(_time_zone), Field(max_length=100)]
