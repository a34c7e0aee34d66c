"""Renders the ``diff`` of a module's result as one redacted unified diff."""

import json
from collections.abc import Mapping
from typing import Any

from redaction import MARKER, Redactor

from .line_diff import unified
from .text import clean, first_lines

# Characters of a side. Ansible omits files above 104,448 bytes. This limits what a module returns itself.
MAX_SOURCE = 1_000_000
NOT_COMPARED = f"[shortened: only the first {MAX_SOURCE:,} characters are compared]"


def render(diff: object, redactor: Redactor, title: object = None) -> str | None:
    """The ``diff`` of a task's result as text, or None without a difference. ``title`` is used if it has no header.

    Ansible has three forms, alone or in a list: ``before``/``after`` as text or as mappings, and ``prepared`` text.
    """
    parts = [
        _render_one(one, redactor, title)
        for one in (diff if isinstance(diff, list) else [diff])
        if isinstance(one, Mapping)
    ]
    return "\n".join(part for part in parts if part) or None


def _render_one(diff: Mapping[str, Any], redactor: Redactor, title: object) -> str:
    parts = [_prepared(diff["prepared"], redactor)] if diff.get("prepared") else []
    if "before" in diff or "after" in diff:
        parts.append(_unified(diff, redactor, title))
    for side in ("src_binary", "dst_binary", "src_larger", "dst_larger"):
        if diff.get(side):
            parts.append(f"(not compared: {'binary' if 'binary' in side else 'too large'})")
            break
    return "\n".join(part for part in parts if part)


def _prepared(text: object, redactor: Redactor) -> str:
    text, was_cut = _bounded(text)
    return "\n".join([redactor.redact(text).rstrip("\n"), *([NOT_COMPARED] if was_cut else [])])


def _unified(diff: Mapping[str, Any], redactor: Redactor, title: object) -> str:
    sides = _text(diff.get("before")), _text(diff.get("after"))
    if sides[0] == sides[1]:
        return ""
    (before, cut_before), (after, cut_after) = map(_bounded, sides)
    notes = [NOT_COMPARED] if cut_before or cut_after else []
    # The header of `after` is often the name of a temporary file.
    title = clean(diff.get("before_header") or title or "").removesuffix(" (content)")
    heading = [redactor.redact(f"# {title}")] if title else []
    lines = _changed_lines(before, after, redactor)
    return "\n".join([*heading, *(lines if lines or notes else [_line_endings(*sides)]), *notes])


def _changed_lines(before: str, after: str, redactor: Redactor) -> list[str]:
    """The lines of a unified diff. The original lines are compared, so that a changed secret shows as changed.

    The redactor needs the whole text: in the diff, the line that names a secret may be outside the context.
    """
    sides = _RedactedLines(before, redactor), _RedactedLines(after, redactor)
    numbers: dict[tuple[str, str], int] = {}
    old, new = (
        [f"{redacted}\0{numbers.setdefault((redacted, raw), len(numbers))}" for redacted, raw in side.pairs]
        for side in sides
    )
    lines = [line.partition("\0")[0] for line in unified(old, new)]
    if before.endswith("\n") != after.endswith("\n") and before and after:
        side = "after" if before.endswith("\n") else "before"
        lines.append(
            f"(no newline at the end of the file {side})"
            if lines
            else f"(only the newline at the end differs: none {side})"
        )
    if not lines and before != after:
        return [f"(the difference is {MARKER})"]
    return lines


class _RedactedLines:
    """The lines of one side, each redacted and as it is."""

    def __init__(self, text: str, redactor: Redactor) -> None:
        raw, redacted = text.splitlines(), redactor.redact(text).splitlines()
        # A secret of several lines becomes one mark: then only redacted lines can be compared.
        same = len(raw) == len(redacted)
        self.pairs = list(zip(redacted, raw if same else redacted, strict=True))


def _line_endings(before: str, after: str) -> str:
    return f"(only the line endings differ: {_ending(before)} before, {_ending(after)} after)"


def _ending(text: str) -> str:
    crlf = text.count("\r\n")
    if not crlf:
        return "CR" if "\r" in text else "LF"
    return "CRLF" if crlf == text.count("\n") else "mixed"


def _text(side: object) -> str:
    if side is None:
        return ""
    return side if isinstance(side, str) else json.dumps(side, indent=4, sort_keys=True, default=str) + "\n"


def _bounded(side: object) -> tuple[str, bool]:
    return first_lines(clean(_text(side)), MAX_SOURCE)
