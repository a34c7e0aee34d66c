"""How Pointsman writes text: what comes from outside made safe and short; numbers, durations and lists of names."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache

NAMES_LISTED = 3  # of many
ELLIPSIS = "…"
CUT = "… (shortened)"
DURATION = r"^[1-9][0-9]{0,8}[smhd]$"  # as people write it: 90s, 10m, 24h, 7d
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Invisible characters: with them, one text can be made to look like another.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt (Default_Ignorable_Code_Point)
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Invisible characters that scripts and emoji need: a joiner or non-joiner beside a character that is not ASCII
# (Persian, Hindi, families of emoji), one variation selector after its character, flags of regions.
# https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters, https://www.unicode.org/reports/tr51/
_SHAPING = (
    rf"(?<=[^\x00-\x7f{_INVISIBLE}][\ufe00-\ufe0f])[\u200c\u200d]"
    rf"|(?<=[^\x00-\x7f{_INVISIBLE}])[\u200c\u200d]"
    rf"|(?<![{_INVISIBLE}])[\u200c\u200d](?=[^\x00-\x9f{_INVISIBLE}])"
    rf"|(?<=[^\x00-\x7f{_INVISIBLE}])[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    r"|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    r"|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{1,8}\U000e007f"
)
_HIDDEN = rf"[{CONTROL.pattern[1:-1]}{_INVISIBLE}]"


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which no encoding can hold, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cut(text: str, limit: int, mark: str = CUT) -> str:
    """Return `text`, or its start and `mark`: at most `limit` characters."""
    return text if len(text) <= limit else text[: max(limit - len(mark), 0)] + mark[:limit]


def one_line(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters, with control and invisible characters as their codes."""
    return cut(escape_invisible(text[: limit + 1]), limit, ELLIPSIS)


def escape_invisible(text: str, keep: str = "") -> str:
    """Replace control and invisible characters by their codes, except those in `keep`.

    Characters that a script or an emoji needs stay: without them the text would be another.
    """
    if text.isascii() and not CONTROL.search(text):
        return text
    shaping = shaping_positions(text)
    return _compiled(_HIDDEN).sub(
        lambda match: match.group() if match.start() in shaping or match.group() in keep else _code_of(match.group()),
        text,
    )


def shaping_positions(text: str) -> frozenset[int]:
    """Return where `text` has invisible characters that its script or its emoji need."""
    if text.isascii():
        return frozenset()
    matches = _compiled(_SHAPING, re.DOTALL).finditer(text)
    return frozenset(position for match in matches for position in range(*match.span()))


def pluralize(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 target`, `2 targets` or `1,000 targets`; `plural` is for nouns that take no `s`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def join_first(names: Sequence[str], limit: int = NAMES_LISTED, *, total: int = 0, noun: str = "") -> str:
    """Return the first `limit` names and the number of the others: `a, b, c and 2 more`.

    `total` is their number when `names` holds only the first of them. With a `noun`, the others are counted in it:
    `a, b, c and 2 more hosts`, or `2 hosts` when no name is listed.
    """
    listed = ", ".join(names[:limit])
    others = max(total, len(names)) - len(names[:limit])
    if others <= 0:
        return listed
    if not listed:
        return pluralize(others, noun) if noun else f"{others:,}"
    return f"{listed} and {pluralize(others, f'more {noun}') if noun else f'{others:,} more'}"


def seconds_of(duration: str) -> int:
    """Return the seconds of a duration that people write, such as `10m`: it has the form of DURATION."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def format_duration(seconds: float) -> str:
    """Return `12s`, `3m 04s`, `1h 02m` or `2d 03h`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    days, hours_rest = divmod(hours, 24)
    if days:
        return f"{days}d {hours_rest:02d}h"
    if hours:
        return f"{hours}h {minutes_rest:02d}m"
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


@cache
def _compiled(expression: str, flags: int = 0) -> re.Pattern[str]:
    """Compiled when it is first needed: most texts are ASCII."""
    return re.compile(expression, flags)


def _code_of(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


def format_time(moment: datetime, zone: tzinfo | None, form: str) -> str:
    """Return a time in a zone (None: the machine's), with the zone's name if its clocks show this time twice.

    That is an hour in autumn, when summer time ends.
    """
    here = moment.astimezone(zone)
    offsets = {_offset(here.replace(tzinfo=None, fold=fold), zone) for fold in (0, 1)}
    return f"{here:{form}}" if len(offsets) == 1 else f"{here:{form} %Z}"


def _offset(clock: datetime, zone: tzinfo | None) -> timedelta | None:
    try:
        return (clock.replace(tzinfo=zone) if zone else clock.astimezone()).utcoffset()
    except (ValueError, OverflowError):  # at either end of the calendar
        return None
