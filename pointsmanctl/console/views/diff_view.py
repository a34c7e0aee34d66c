"""A unified diff, line by line."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_KINDS: Final = {"+": "add", "-": "del", "@": "hunk", "\\": "note"}
_HUNK: Final = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", re.ASCII)


@dataclass(frozen=True)
class DiffLine:
    """A line of a diff: its kind is add, del, hunk, head, note or same."""

    kind: str
    text: str


@dataclass(frozen=True)
class DiffView:
    """A diff, and how much of it is new and gone."""

    lines: tuple[DiffLine, ...]
    added: int
    removed: int


def diff_view(diff: str) -> DiffView:
    """Return the lines of a diff."""
    lines = tuple(_lines(diff.rstrip("\n").split("\n")))
    kinds = [each.kind for each in lines]
    return DiffView(lines, kinds.count("add"), kinds.count("del"))


def _lines(texts: Iterable[str]) -> Iterator[DiffLine]:
    """Yield the lines. Within a hunk, `---` is a line of the file that is gone, such as `--` of SQL, not a heading."""
    old = new = 0  # how many lines of either side the hunk still has
    for text in texts:
        kind = _kind(text, within=old > 0 or new > 0)
        if kind == "hunk":
            old, new = _sizes(text)
        else:
            old -= kind in ("del", "same")
            new -= kind in ("add", "same")
        yield DiffLine(kind, text)


def _sizes(heading: str) -> tuple[int, int]:
    """Return how many lines a hunk has of either side. One is not written."""
    match = _HUNK.match(heading)
    if match is None:
        return 0, 0
    old, new = (1 if each is None else int(each[:9]) for each in match.groups())
    return old, new


def _kind(line: str, *, within: bool) -> str:
    if not within and line.startswith(("+++", "---")):
        return "head"
    return _KINDS.get(line[:1], "same")
