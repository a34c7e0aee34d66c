"""What a newer runner sends and this version does not know: kept as text, redacted and bounded.

Builds and the control stack are upgraded at different times, so a report may have fields that this version cannot
place, or may not be readable at all. Both stay in the trail: the fields in `unknown_fields` of the event that was read,
and the whole report in `RawReportRecorded`. Whether the sender may report it, `authorize.py` decides.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from redaction import MARKER, Redactor, is_secret_name

from pointsman.core.text import cut, pluralize
from pointsman.core.trail.host_values import HostCounts, TaskResult

RAW_LENGTH = 150_000  # characters of ASCII; an item has room for 400 KB
MOST_FIELDS = 50
NAME_LENGTH = 200
VALUE_LENGTH = 2_000
OMITTED = "(omitted)"


def raw_content(detail: Mapping[str, Any]) -> tuple[str, bool]:
    """Return a report as redacted JSON of at most RAW_LENGTH characters, and whether it was cut."""
    text = _to_text(detail, "", Redactor())
    return (text, False) if len(text) <= RAW_LENGTH else (text[:RAW_LENGTH], True)


def unknown_fields(detail: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, str] | None:
    """Return what `kind` has no field for: path ("tasks.0.loop_items") → its value as redacted JSON. None: nothing."""
    redactor = Redactor()
    found = list(_unknown(detail, kind))
    kept = {
        cut(redactor.redact(path), NAME_LENGTH): cut(_to_text(value, path, redactor), VALUE_LENGTH)
        for path, value in found[:MOST_FIELDS]
    }
    if len(found) > MOST_FIELDS:
        kept[OMITTED] = pluralize(len(found) - MOST_FIELDS, "more field")
    return kept or None


def _unknown(detail: Mapping[str, Any], kind: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    yield from _others(detail, kind, "")
    counts, tasks = detail.get("counts"), detail.get("tasks")
    if isinstance(counts, dict):
        yield from _others(counts, HostCounts, "counts.")
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        if isinstance(task, dict):
            yield from _others(task, TaskResult, f"tasks.{index}.")


def _others(content: Mapping[str, Any], kind: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, Any]]:
    known = kind.__struct_fields__
    return ((prefix + name, value) for name, value in content.items() if name not in known)


def _to_text(value: Any, path: str, redactor: Redactor) -> str:
    """Return `value` as JSON in ASCII without secrets: those in its texts, and those that its names tell."""
    clean = _clean(value, path.rpartition(".")[2], redactor)
    return redactor.redact(json.dumps(clean, separators=(",", ":")))


def _clean(value: Any, name: str, redactor: Redactor) -> Any:
    match value:
        case dict():
            return {redactor.redact(each): _clean(content, each, redactor) for each, content in value.items()}
        case list():
            return [_clean(each, name, redactor) for each in value]
        case bool() | None:
            return value
        case _ if is_secret_name(name):
            redactor.learn(value)
            return MARKER
        case str():
            return redactor.redact(value)
        case _:
            return value
