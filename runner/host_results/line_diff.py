"""A unified diff of lines, in time that grows with the number of lines.

difflib compares each line with many others: 14 seconds for 10,000 lines of which every other one changed. Here it sees
only what is between lines that are unique on both sides, as Git's "patience" has it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

CONTEXT_LINES = 3
COMPARED_LINES = 1_000  # of each side, by difflib at once; of more without a unique line between, all are replaced


def unified(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a unified diff; none if both are equal."""
    groups = _Matcher(before, after).get_grouped_opcodes(CONTEXT_LINES)
    for number, group in enumerate(groups):
        if not number:
            yield from ("--- before", "+++ after")
        _, old_start, _, new_start, _ = group[0]
        _, _, old_end, _, new_end = group[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@"
        for kind, old_start, old_end, new_start, new_end in group:
            if kind == "equal":
                yield from (f" {line}" for line in before[old_start:old_end])
                continue
            yield from (f"-{line}" for line in before[old_start:old_end])
            yield from (f"+{line}" for line in after[new_start:new_end])


class _Matcher(SequenceMatcher[str]):
    """Matches in pieces, if the whole is too long."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        self._sides = before, after
        self._is_long = max(len(before), len(after)) > COMPARED_LINES
        # Of a long text, difflib must not index what it does not compare.
        super().__init__(None, *(("", "") if self._is_long else self._sides))
        self.a, self.b = before, after

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:  # type: ignore[override]  # opcodes need no Match
        """Return (start before, start after, number of lines) of what is equal, and an empty block at the end."""
        if not self._is_long:
            return [(*each,) for each in super().get_matching_blocks()]
        before, after = self._sides
        return [*_joined(_blocks(before, after)), (len(before), len(after), 0)]


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    first = _equal_lines(before, after)
    last = _equal_lines(before[first:][::-1], after[first:][::-1])
    old_end, new_end = len(before) - last, len(after) - last
    yield 0, 0, first
    anchors = [(first - 1, first - 1), *_anchors(before, after, first, old_end, new_end), (old_end, new_end)]
    for (old, new), (old_next, new_next) in pairwise(anchors):
        if old >= first:
            yield old, new, 1
        yield from _between(before, after, (old + 1, new + 1), (old_next, new_next))
    yield old_end, new_end, last


def _equal_lines(before: Sequence[str], after: Sequence[str]) -> int:
    """Return the number of lines with which both begin."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((number for number, (old, new) in pairs if old != new), min(len(before), len(after)))


def _anchors(
    before: Sequence[str], after: Sequence[str], first: int, old_end: int, new_end: int
) -> list[tuple[int, int]]:
    """Return where lines are that are unique on both sides: the most of them that are in the same order."""
    counts = Counter(before[first:old_end]), Counter(after[first:new_end])
    unique = {line for line, count in counts[0].items() if count == 1 and counts[1][line] == 1}
    places = {line: number for number, line in enumerate(after[first:new_end], first) if line in unique}
    pairs = [(number, places[line]) for number, line in enumerate(before[first:old_end], first) if line in unique]
    return _longest_rising(pairs)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest part of pairs in which the second number rises, too."""
    lowest: list[int] = []  # of the rising parts of each length, the lowest last number
    ends: list[int] = []  # the pair that has it
    former: list[int] = []  # of each pair, the one before it
    for index, (_, number) in enumerate(pairs):
        length = bisect_left(lowest, number)
        lowest[length : length + 1], ends[length : length + 1] = [number], [index]
        former.append(ends[length - 1] if length else -1)
    found, index = [], ends[-1] if ends else -1
    while index >= 0:
        found.append(pairs[index])
        index = former[index]
    return found[::-1]


def _between(
    before: Sequence[str], after: Sequence[str], start: tuple[int, int], end: tuple[int, int]
) -> Iterator[tuple[int, int, int]]:
    old, new = before[start[0] : end[0]], after[start[1] : end[1]]
    if old and new and max(len(old), len(new)) <= COMPARED_LINES:
        for old_start, new_start, size in SequenceMatcher(None, old, new).get_matching_blocks():
            yield start[0] + old_start, start[1] + new_start, size


def _joined(blocks: Iterator[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield the blocks without empty ones, adjacent ones as one."""
    current = (0, 0, 0)
    for old, new, size in blocks:
        if (old, new) == (current[0] + current[2], current[1] + current[2]):
            current = (current[0], current[1], current[2] + size)
        elif size:
            if current[2]:
                yield current
            current = (old, new, size)
    if current[2]:
        yield current


def _range(start: int, end: int) -> str:
    """Return lines as diffs write them: https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html."""
    length = end - start
    first = start + 1 if length else start
    return str(first) if length == 1 else f"{first},{length}"
