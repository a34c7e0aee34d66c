"""Renders the message and the diffs of a task's result, redacted."""

from collections.abc import Iterator, Mapping
from typing import Any

from redaction import Redactor, Strictness

from . import diffs
from .result import TaskStatus
from .text import CUT, clean, first_lines, last_lines

# Ansible's messages for a whole loop. Those of its items say more.
_LOOP_MESSAGES = frozenset({"All items completed", "One or more items failed", "All items skipped"})
# Where the output of a command is, most useful first.
_OUTPUTS = ("stderr", "module_stderr", "stdout", "module_stdout")
# The end of a command's output is the most useful part.
_OUTPUT_LINES = 8
MAX_SOURCE = 200_000  # characters that are searched for secrets; what is recorded is far less


def render(result: Mapping[str, Any], status: TaskStatus, redactor: Redactor) -> str | None:
    """A task's message, or None. For a loop, the messages of the failed items."""
    parts = _failed_parts(result) if status != "changed" else _parts(result)
    lines = [line for part in parts if not _censored(part) for line in _messages(part, status, redactor) if line]
    text = "\n".join(dict.fromkeys(lines))
    return redactor.redact(text, Strictness.MESSAGE) or None


def render_diffs(result: Mapping[str, Any], redactor: Redactor) -> str | None:
    """The diffs of a task and its items, or None. A failed item wrote nothing, so its diff is left out."""
    parts = [part for part in _parts(result) if part.get("diff") and not _censored(part) and not _failed(part)]
    texts = [diffs.render(part["diff"], redactor, part.get("dest") or part.get("path")) for part in parts]
    return "\n".join(text for text in texts if text) or None


def changed_parts(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results that changed something and may be recorded: of a loop's items, or the result itself."""
    for part in _parts(result):
        if part.get("changed") and not _censored(part) and not _failed(part):
            yield part


def _parts(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results of a loop's items, or the result itself."""
    items = result.get("results")
    mappings = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    yield from mappings or [result]
    if mappings and result.get("msg") and result.get("msg") not in _LOOP_MESSAGES:
        yield {"msg": result.get("msg"), "failed": True}


def _failed_parts(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The failed items of a loop, or the result itself."""
    for part in _parts(result):
        if part is result or _failed(part):
            yield part


def _failed(part: Mapping[str, Any]) -> bool:
    """Whether a result is a failure. In ansible-core 2.21 a failed item has no `failed`, but an `exception`."""
    failed = part.get("failed")
    return bool(part.get("unreachable") or ("exception" in part if failed is None else failed))


def _censored(part: Mapping[str, Any]) -> bool:
    return bool("censored" in part or part.get("_ansible_no_log"))


def _messages(part: Mapping[str, Any], status: TaskStatus, redactor: Redactor) -> Iterator[str]:
    failed = status != "changed"
    if message := part.get("msg"):
        code = f" (exit status {part['rc']})" if failed and part.get("rc") else ""
        text, was_cut = first_lines(clean(message), MAX_SOURCE)
        yield f"{text}{CUT if was_cut else ''}{code}"
    if failed:
        output = next((part[name] for name in _OUTPUTS if part.get(name)), None)
        yield _end_of(output, redactor) if output else ""


def _end_of(output: object, redactor: Redactor) -> str:
    """The last lines. All are redacted: the line that tells a secret may be one of those that are left out."""
    text, was_cut = clean(output), False
    if len(text) > MAX_SOURCE:
        text, was_cut = text[-MAX_SOURCE:].partition("\n")[2], True
    return last_lines(redactor.redact(text, Strictness.MESSAGE), _OUTPUT_LINES) or (CUT.strip() if was_cut else "")
