"""What a task's result has to say, redacted: why it failed, or what it did."""

from collections.abc import Iterator, Mapping
from typing import Any

from redaction import Redactor, Strictness

from . import diffs
from .result import TaskStatus
from .text import clean

# What a loop says of itself, when its items say more.
_OF_LOOPS = frozenset({"All items completed", "One or more items failed", "All items skipped"})
# Where a command's words are, the most telling first.
_OUTPUTS = ("stderr", "module_stderr", "stdout", "module_stdout")
# The end of a command's output tells most.
_OUTPUT_LINES = 8
_LABEL = 100  # characters of a loop's item
MAX_SOURCE = 20_000


def render(result: Mapping[str, Any], status: TaskStatus, redactor: Redactor) -> str | None:
    """A task's message, or None when it has none. Of a loop each item that failed says why."""
    parts = _telling(result) if status != "changed" else _parts(result)
    lines = [line for part in parts if not _censored(part) for line in _said(part, status) if line]
    text = "\n".join(dict.fromkeys(lines))
    return redactor.redact(text, Strictness.MESSAGE) or None


def render_diffs(result: Mapping[str, Any], redactor: Redactor) -> str | None:
    """The diffs of a task and of its loop's items, or None. What failed was not written, whatever its diff says."""
    parts = [part for part in _parts(result) if part.get("diff") and not _censored(part) and not _failed(part)]
    texts = [diffs.render(part["diff"], redactor, part.get("dest") or part.get("path")) for part in parts]
    return "\n".join(text for text in texts if text) or None


def _parts(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A loop's items, or the result itself."""
    items = result.get("results")
    found = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    yield from found or [result]
    if found and result.get("msg") and result.get("msg") not in _OF_LOOPS:
        yield {"msg": result.get("msg"), "failed": True}


def _telling(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of a loop, the items that failed."""
    for part in _parts(result):
        if part is result or _failed(part):
            yield part


def _failed(part: Mapping[str, Any]) -> bool:
    """Whether a result is a failure. Items of a loop have no `failed` in ansible-core 2.21, and an `exception` then."""
    said = part.get("failed")
    return bool(part.get("unreachable") or ("exception" in part if said is None else said))


def _censored(part: Mapping[str, Any]) -> bool:
    return bool("censored" in part or part.get("_ansible_no_log"))


def _said(part: Mapping[str, Any], status: TaskStatus) -> Iterator[str]:
    failed = status != "changed"
    label = _label(part) if failed else ""
    if message := part.get("msg"):
        code = f" (exit status {part['rc']})" if failed and part.get("rc") else ""
        yield label + _bounded(message) + code
        label = ""
    if failed:
        output = next((part[name] for name in _OUTPUTS if part.get(name)), None)
        text = "\n".join(_bounded(output).strip().splitlines()[-_OUTPUT_LINES:])
        yield label + text if text else ""


def _label(part: Mapping[str, Any]) -> str:
    """Which item of a loop it was, as Ansible shows it."""
    label = part.get("_ansible_item_label", part.get("item") if "ansible_loop_var" in part else None)
    return f"(item={clean(label)[:_LABEL]}) " if label is not None else ""


def _bounded(value: object) -> str:
    return clean(value)[-MAX_SOURCE:] if value else ""
