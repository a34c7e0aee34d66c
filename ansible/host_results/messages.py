"""What a task's result has to say, redacted: why it failed, or what it did."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import diffs
from .redact import Redactor, Strictness
from .result import TaskStatus
from .text import clean

# What a loop says of itself, when its items say more.
_OF_LOOPS = frozenset({"All items completed", "One or more items failed", "All items skipped"})
# Where a command's words are, the most telling first.
_OUTPUTS = ("stderr", "module_stderr", "stdout", "module_stdout")
# The end of a command's output tells most.
_OUTPUT_LINES = 8
MAX_SOURCE = 20_000


def render(result: Mapping[str, Any], status: TaskStatus, redactor: Redactor) -> str | None:
    """A task's message, or None when it has none."""
    parts = _telling(result) if status != "changed" else _parts(result)
    lines = [line for part in parts if not _censored(part) for line in _said(part, status) if line]
    text = "\n".join(dict.fromkeys(lines))
    return redactor.redact(text, Strictness.MESSAGE) or None


def render_diffs(result: Mapping[str, Any], redactor: Redactor) -> str | None:
    """The diffs of a task and of its loop's items, or None."""
    parts = [part for part in _parts(result) if part.get("diff") and not _censored(part)]
    texts = [diffs.render(part["diff"], redactor, part.get("dest") or part.get("path")) for part in parts]
    return "\n".join(text for text in texts if text) or None


def _parts(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A loop's items, or the result itself."""
    items = result.get("results")
    found = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    yield from found or [result]
    if found and result.get("msg") not in _OF_LOOPS:
        yield {"msg": result.get("msg"), "failed": True}


def _telling(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of a loop, the items that failed."""
    for part in _parts(result):
        if part is result or part.get("failed") or part.get("unreachable"):
            yield part


def _censored(part: Mapping[str, Any]) -> bool:
    return bool("censored" in part or part.get("_ansible_no_log"))


def _said(part: Mapping[str, Any], status: TaskStatus) -> Iterator[str]:
    failed = status != "changed"
    if message := part.get("msg"):
        code = f" (exit status {part['rc']})" if failed and part.get("rc") else ""
        yield _bounded(message) + code
    if failed:
        output = next((part[name] for name in _OUTPUTS if part.get(name)), None)
        yield "\n".join(_bounded(output).strip().splitlines()[-_OUTPUT_LINES:])


def _bounded(value: object) -> str:
    return clean(value)[-MAX_SOURCE:] if value else ""
