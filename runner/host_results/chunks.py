"""A host's tasks as they fit events: a long diff is in several pieces, of which its task has the first.

The other pieces follow in the same part of the result or in the next ones. They name their diff by its hash.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .result import TaskRecord, digest, size, to_json

PIECE_BYTES = 150_000  # of a diff, as JSON: one event has room for it beside all other fields


@dataclass(frozen=True)
class Chunk:
    """What is in one event as a whole: a task, or one more piece of its diff."""

    task: TaskRecord | None = None
    piece: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        """Its bytes in an event."""
        return size(self.task.to_detail() if self.task else self.piece) + 1


def chunks_of(tasks: Sequence[TaskRecord]) -> list[Chunk]:
    """Return the tasks in chunks: of the same tasks, the same chunks."""
    return [chunk for task in tasks for chunk in _chunks(task)]


def _chunks(task: TaskRecord) -> Iterator[Chunk]:
    pieces = list(pieces_of(task.diff, PIECE_BYTES)) if task.diff else []
    if len(pieces) <= 1:
        yield Chunk(task)
        return
    name = task.diff_sha256 or digest(task.diff or "")
    yield Chunk(replace(task, diff=pieces[0], diff_sha256=name, diff_pieces=len(pieces)))
    for number, text in enumerate(pieces[1:], 2):
        yield Chunk(piece={"diff": name, "number": number, "text": text})


def pieces_of(text: str, limit: int) -> Iterator[str]:
    """Yield the parts of a text, each of at most `limit` bytes as JSON. Only a line that is too long is split."""
    if len(text) * 6 <= limit or size(text) <= limit:  # JSON writes a character in six bytes at most
        yield text
        return
    piece: list[str] = []
    room = limit
    for line in text.splitlines(keepends=True):
        for part in _parts_of_line(line, limit):
            needed = len(to_json(part).encode()) - 2
            if needed > room and piece:
                yield "".join(piece)
                piece, room = [], limit
            piece.append(part)
            room -= needed
    yield "".join(piece)


def _parts_of_line(line: str, limit: int) -> Iterator[str]:
    step = limit // 6
    if len(line) <= step:
        yield line
        return
    for start in range(0, len(line), step):
        yield line[start : start + step]
