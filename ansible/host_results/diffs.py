"""Renders what a module says it changed as one unified diff, redacted."""

import difflib
import json
from collections.abc import Mapping
from typing import Any

from .redact import MARKER, Redactor
from .text import clean

# Ansible itself leaves out files above 104,448 bytes; what a module passes by other ways is bounded here.
MAX_SOURCE = 200_000
CONTEXT_LINES = 3


def render(diff: object, redactor: Redactor, title: object = None) -> str | None:
    """The ``diff`` of a task's result as text, or None when it shows no difference; ``title`` is for one that has none.

    Ansible has three forms, alone or in a list: ``before``/``after`` as text, the same as mappings, ``prepared`` text.
    """
    parts = [
        _render_one(one, redactor, title)
        for one in (diff if isinstance(diff, list) else [diff])
        if isinstance(one, Mapping)
    ]
    return "\n".join(part for part in parts if part) or None


def _render_one(diff: Mapping[str, Any], redactor: Redactor, title: object) -> str:
    parts = [redactor.redact(_bounded(diff["prepared"])).rstrip("\n")] if diff.get("prepared") else []
    if "before" in diff or "after" in diff:
        parts.append(_unified(diff, redactor, title))
    for side in ("src_binary", "dst_binary", "src_larger", "dst_larger"):
        if diff.get(side):
            parts.append(f"(not compared: {'binary' if 'binary' in side else 'too large'})")
            break
    return "\n".join(part for part in parts if part)


def _unified(diff: Mapping[str, Any], redactor: Redactor, title: object) -> str:
    raw = _bounded(diff.get("before")), _bounded(diff.get("after"))
    if raw[0] == raw[1]:
        return ""
    # Secrets go before the comparison: in a diff, the line that names one may be outside of the context.
    before, after = (redactor.redact(side).splitlines() for side in raw)
    # The header of what is after is often a temporary file's name.
    title = clean(diff.get("before_header") or title or "").removesuffix(" (content)")
    lines = list(difflib.unified_diff(before, after, "before", "after", n=CONTEXT_LINES, lineterm=""))
    if not lines:
        lines = [f"(the difference is {MARKER})"]
    heading = [redactor.redact(f"# {title}")] if title else []
    return "\n".join(heading + lines)


def _bounded(side: object) -> str:
    if side is None:
        return ""
    text = side if isinstance(side, str) else json.dumps(side, indent=4, sort_keys=True, default=str) + "\n"
    return clean(text)[:MAX_SOURCE]
