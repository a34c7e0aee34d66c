"""Times as people write and read them."""

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the earliest time that is accepted

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """A time: `24h` or `7d` before now, or ISO 8601 (UTC unless it says otherwise). Raises ValueError."""
    try:
        found = _read(text, now)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a valid time: use 30m, 24h, 7d, 2026-11-23 or 2026-11-23T18:00") from error
    if found < EPOCH:
        raise ValueError(f"{text!r} is before {EPOCH:%Y}")
    return found


def _read(text: str, now: datetime) -> datetime:
    if match := re.fullmatch(r"(\d{1,6})([smhdw])", text):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    parsed = datetime.fromisoformat(text)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def duration(seconds: float | None) -> str:
    """`4 s`, `1 min 12 s`, `2 h 5 min`; nothing for None."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
