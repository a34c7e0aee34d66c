"""The time that a report is about, in days of a time zone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Self
from zoneinfo import ZoneInfo

from pointsman.core.text import format_time

_MONTH = re.compile(r"(\d{4})-(\d{2})")
# Results of hosts and builds may be recorded later than they happened, and an erratum may change a report.
LATE_EVENTS: Final = timedelta(days=2)


@dataclass(frozen=True)
class TimeSpan:
    """From `since` until before `until`. `zone`: None is that of the machine, which is the reader's."""

    since: datetime
    until: datetime
    zone: tzinfo | None = UTC
    month: str | None = None  # "2026-11", if it is a whole month

    @classmethod
    def of_month(cls, text: str, zone: tzinfo | None) -> Self:
        """Return the month that `text` names, such as 2026-11. Raises ValueError."""
        match = _MONTH.fullmatch(text)
        if not match or not 1 <= int(match[2]) <= 12 or not 1971 <= int(match[1]) <= 9998:
            raise ValueError(f"{text!r} is not a month: write it as 2026-11")
        year, month = int(match[1]), int(match[2])
        since = datetime(year, month, 1, tzinfo=zone).astimezone(UTC)
        until = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone).astimezone(UTC)
        return cls(since, until, zone, text)

    def __contains__(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return self.since <= moment < self.until

    @property
    def is_in_one_year(self) -> bool:
        """Whether a day and a month tell its times apart."""
        return self.day(self.since).year == self.day(max(self.since, self.until - timedelta(microseconds=1))).year

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the zone."""
        return moment.astimezone(self.zone)

    def text(self, moment: datetime, form: str) -> str:
        """Return a moment in the zone as `form` says, with the zone's name where its clocks show it twice."""
        return format_time(moment, self.zone, form)

    def day(self, moment: datetime) -> date:
        """Return the day of a moment in the zone."""
        return self.local(moment).date()

    def days(self, now: datetime) -> Iterator[date]:
        """Yield its days in order, without those that are yet to come."""
        end = min(self.until, max(now, self.since))
        day, last = self.day(self.since), self.day(end - timedelta(microseconds=1) if end > self.since else end)
        while day <= last:
            yield day
            day += timedelta(days=1)


def is_time_zone(name: str) -> bool:
    """Whether there is a time zone of this name, such as Europe/Berlin."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return False
    return True


def months_to_write(now: datetime, zone: tzinfo | None, written_at: Callable[[str], datetime | None]) -> Iterator[str]:
    """Yield the months whose reports are made now: this one, and the one before until it is complete.

    That is while events of its end may come late, and until its report was made after that, however seldom reports are.
    `written_at` says when the report of a month was made; None: there is none.
    """
    this = f"{now.astimezone(zone):%Y-%m}"
    yield this
    since = TimeSpan.of_month(this, zone).since
    before, complete_at = f"{since.astimezone(zone) - timedelta(days=1):%Y-%m}", since + LATE_EVENTS
    if now < complete_at or (written_at(before) or complete_at) < complete_at:
        yield before
