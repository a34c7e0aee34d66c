"""The files of a host that a task changed, as far as its module says."""

from collections.abc import Iterator, Mapping
from typing import Any

from redaction import Redactor, Strictness

from . import messages
from .text import clean

MOST_PATHS = 50
LONGEST_PATH = 500  # characters; a longer one is left out, since a part of a path is another path
# What modules call the file: copy, template and get_url have `dest`, file and lineinfile `path`.
_NAMES = ("dest", "path", "destfile")
_HEADER_END = " (content)"  # lineinfile, blockinfile and replace name the file only in the head of their diff


def changed_paths(result: Mapping[str, Any], redactor: Redactor) -> tuple[tuple[str, ...], int]:
    """The absolute paths that a task and its items changed, each once: the first, redacted; and how many others."""
    found = dict.fromkeys(path for part in messages.changed_parts(result) for path in _paths(part))
    redacted = (redactor.redact(clean(path), Strictness.TITLE) for path in found if len(path) <= LONGEST_PATH)
    kept = tuple(dict.fromkeys(redacted))
    too_long = sum(len(path) > LONGEST_PATH for path in found)
    return kept[:MOST_PATHS], max(len(kept) - MOST_PATHS, 0) + too_long


def _paths(part: Mapping[str, Any]) -> Iterator[str]:
    """The path of one result. Most modules have it in the result; others only as the argument that they were given."""
    arguments = _mapping(_mapping(part.get("invocation")).get("module_args"))
    for value in (source.get(name) for source in (part, arguments) for name in _NAMES):
        if isinstance(value, str) and value.startswith("/"):
            yield value.rstrip("/") or "/"
            return
    yield from _of_diffs(part.get("diff"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _of_diffs(diff: object) -> Iterator[str]:
    for one in diff if isinstance(diff, list) else [diff]:
        header = one.get("before_header") if isinstance(one, Mapping) else None
        if isinstance(header, str) and header.startswith("/"):
            yield header.removesuffix(_HEADER_END)
