"""Makes text printable and short."""

import re
from datetime import UTC, datetime

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CUT = "\n[shortened]"
_MARK = re.compile(r"^\[shortened[]:]", re.MULTILINE)


def clean(value: object) -> str:
    """Any value as text without terminal codes, control characters or broken Unicode. Lines end with LF."""
    text = value if isinstance(value, str) else str(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("\ufffd", _ANSI.sub("", text))
    return text.encode("utf-8", "replace").decode("utf-8")


def now() -> str:
    """The current time as ISO-8601 in UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shorten(text: str, limit: int) -> tuple[str, bool]:
    """At most ``limit`` characters of text, and whether it was cut. ``limit`` must exceed the length of the mark."""
    if len(text) <= limit:
        return text, False
    return text[: limit - len(CUT)] + CUT, True


def is_shortened(text: str) -> bool:
    """Whether a text says that it was cut. In a diff, each line of a file has a sign before it."""
    return _MARK.search(text) is not None


def first_lines(text: str, limit: int) -> tuple[str, bool]:
    """The first lines of text with at most ``limit`` characters, and whether it was cut.

    No line is cut: a part of a secret would not be recognised as one.
    """
    return (text, False) if len(text) <= limit else (text[: text.rfind("\n", 0, limit) + 1], True)


def last_lines(text: str, count: int) -> str:
    """The last lines of text, after a line that says that there are others."""
    lines = text.strip().splitlines()
    return "\n".join([*(["[shortened: only the last lines]"] if len(lines) > count else []), *lines[-count:]])
