"""A host's result in parts, each the detail of a HostResultRecorded event."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .chunks import Chunk, chunks_of
from .result import Counts, HostRecord, RunContext, TaskRecord, size

MAX_DETAIL_BYTES = 200_000
PART_BYTES = MAX_DETAIL_BYTES - 10_000  # of its tasks; the rest is for the other fields, and a task that says CUT_SHORT
# The limits of texts when the whole result is too large.
SHORT_DIFF = 400
SHORT_MESSAGE = 200

CUT_SHORT = "(the run was cut short)"


@dataclass(frozen=True)
class ResultPart:
    """A part of a host's result: some of its chunks, or all. `cut_short`: Ansible printed no recap."""

    number: int = 1
    final: bool = True
    chunks: Sequence[Chunk] | None = None
    cut_short: bool = False


def detail(context: RunContext, record: HostRecord, counts: Counts, part: ResultPart | None = None) -> dict[str, Any]:
    """The event's detail, at most ``MAX_DETAIL_BYTES`` as JSON.

    If the run ended before Ansible's recap, the host counts as failed, and an added task says so.
    """
    part = part or ResultPart()
    chunks = chunks_of(record.tasks) if part.chunks is None else part.chunks
    tasks = [chunk.task for chunk in chunks if chunk.task]
    if part.cut_short:
        message = "Ansible ended before its recap. Later results are missing."
        tasks.append(TaskRecord(CUT_SHORT, None, "", "", "failed", message))
        counts = replace(counts, failed=max(counts.failed, 1))
    pieces = [chunk.piece for chunk in chunks if chunk.piece]
    content = {
        "version": 1,
        **asdict(context),
        "host": record.host,
        "instance_id": record.instance_id,
        "status": counts.status,
        "counts": asdict(counts),
        "tasks": [task.to_detail() for task in tasks],
        **({"diff_pieces": pieces} if pieces else {}),
        "tasks_omitted": 0,
        "shortened": record.shortened,
        "part": part.number,
        "final": part.final,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
    }
    return content if size(content) <= MAX_DETAIL_BYTES else _shrink_to_fit(content, tasks)


def ends_of_parts(chunks: Sequence[Chunk], first: int) -> list[int]:
    """Where the parts of the chunks from index `first` on end, so that each fits an event and nothing is left out."""
    ends, room = [], PART_BYTES
    for index in range(first, len(chunks)):
        room -= chunks[index].size
        if room < 0 and index > first:
            ends.append(index)
            first, room = index, PART_BYTES - chunks[index].size
    return [*ends, len(chunks)]


def _shrink_to_fit(content: dict[str, Any], tasks: Sequence[TaskRecord]) -> dict[str, Any]:
    """Shorten the texts, then drop tasks that did not fail, last ones first, then failed tasks."""
    content = {name: value for name, value in content.items() if name != "diff_pieces"}
    short = [task.shrink_to_fit(SHORT_DIFF, SHORT_MESSAGE)[0].to_detail() for task in tasks]
    room = MAX_DETAIL_BYTES - size({**content, "tasks": [], "shortened": True, "tasks_omitted": len(tasks)})
    kept: set[int] = set()
    for index in sorted(range(len(short)), key=lambda index: (short[index]["status"] == "changed", index)):
        room -= size(short[index]) + 1
        if room < 0:
            break
        kept.add(index)
    omitted = len(short) - len(kept)
    return {**content, "tasks": [short[index] for index in sorted(kept)], "tasks_omitted": omitted, "shortened": True}
