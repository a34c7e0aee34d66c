"""Times as people write and read them: in the zone of the reader, which TZ names. JSON has UTC."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import to_builtins

from pointsman.core.text import format_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the earliest time that is accepted

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parse_time(text: str, now: datetime, zone: tzinfo | None = None, *, is_end: bool = False) -> datetime:
    """Return the time that `text` names, in UTC. Raises ValueError.

    It is `24h` or `7d` before `now`, the beginning of `today`, `yesterday` or the last `monday`, or ISO 8601. Without
    an offset it is in `zone`, by default the reader's. Of a time that the clocks show twice, when summer time ends, it
    is the first, or the second if it is the end of a range: so a range has all that tables show within it.
    """
    try:
        found = _read(text, now, zone, fold=int(is_end))
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"{text!r} is not a valid time: use 30m, 24h, 7d, yesterday, monday, 2026-11-23 or 2026-11-23T18:00"
        ) from error
    if found < EPOCH:
        raise ValueError(f"{text!r} is before {EPOCH:%Y}")
    return found


def _read(text: str, now: datetime, zone: tzinfo | None, *, fold: int) -> datetime:
    if match := re.fullmatch(r"(\d{1,6})([smhdw])", text):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    if day := _day(text.lower(), now.astimezone(zone).date()):
        return datetime.combine(day, time(), zone).astimezone(UTC)
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=zone, fold=fold)).astimezone(UTC)


def _day(name: str, today: date) -> date | None:
    """Return the day that a word names; None if it names none."""
    if name in _WEEKDAYS:
        return today - timedelta(days=(today.weekday() - _WEEKDAYS.index(name)) % 7)
    days = {"today": 0, "yesterday": 1}.get(name)
    return None if days is None else today - timedelta(days=days)


def local_text(moment: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return a time in the reader's zone, as tables show it; with the zone's name where its clocks show it twice."""
    return format_time(moment, None, form)


def local(moment: datetime) -> datetime:
    """Return a time in the reader's zone."""
    return moment.astimezone()


def zone_name() -> str:
    """Return the names of the reader's zone in winter and in summer: `UTC`, or `CET/CEST`."""
    year = datetime.now(UTC).year
    names = (datetime(year, month, 1, tzinfo=UTC).astimezone().tzname() or "" for month in (1, 7))
    return "/".join(dict.fromkeys(names))


def local_minute(moment: datetime) -> str:
    """Return a time in the reader's zone: `2026-11-23 09:00 CET`."""
    return f"{local(moment):%Y-%m-%d %H:%M %Z}"


def at_minute(moment: datetime) -> str:
    """Return a time as tables show it: `2026-11-23 08:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def as_json(moment: datetime) -> str:
    """Return a time as events and records write it: `2026-11-23T08:00:00Z`."""
    return str(to_builtins(moment))
