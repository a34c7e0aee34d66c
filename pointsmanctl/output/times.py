"""Times as people write them."""

import re
from datetime import UTC, datetime, timedelta

from msgspec import to_builtins

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the earliest time that is accepted

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str, now: datetime) -> datetime:
    """Return the time that `text` names: `24h` or `7d` before `now`, or ISO 8601 (UTC without an offset).

    Raises ValueError.
    """
    try:
        time = _read(text, now)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a valid time: use 30m, 24h, 7d, 2026-11-23 or 2026-11-23T18:00") from error
    if time < EPOCH:
        raise ValueError(f"{text!r} is before {EPOCH:%Y}")
    return time


def _read(text: str, now: datetime) -> datetime:
    if match := re.fullmatch(r"(\d{1,6})([smhdw])", text):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    parsed = datetime.fromisoformat(text)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def at_minute(moment: datetime) -> str:
    """Return a time as tables show it: `2026-11-23 08:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def as_json(moment: datetime) -> str:
    """Return a time as events and records write it: `2026-11-23T08:00:00Z`."""
    return str(to_builtins(moment))
