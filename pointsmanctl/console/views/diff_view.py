"""A unified diff, line by line."""

from dataclasses import dataclass

_KINDS = {"+": "add", "-": "del", "@": "hunk", "\\": "note"}


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
    lines = tuple(DiffLine(_kind(each), each) for each in diff.rstrip("\n").split("\n"))
    kinds = [each.kind for each in lines]
    return DiffView(lines, kinds.count("add"), kinds.count("del"))


def _kind(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "head"
    return _KINDS.get(line[:1], "same")
