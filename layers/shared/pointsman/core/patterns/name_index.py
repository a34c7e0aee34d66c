"""Find the names that match a pattern without testing every name.

Sorted names with the same beginning are neighbors, and so are reversed names with the same end. So a pattern is only
tested on names that contain its fixed text; if these are many, all names are searched at once (scan.py). The result
is an integer with one bit for each name: a list of patterns takes a few operations on integers, and the result of a
pattern is cached for other lists that contain it.

The names are in blocks, each much larger than the one before. A list that matches one of the first names never
searches the other blocks.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cached_property
from itertools import accumulate, groupby, pairwise, takewhile
from typing import Protocol

from msgspec import Struct

from pointsman.core.patterns.items import ANY, FOLDERS, NOT_SLASH, PatternItem, Repeat
from pointsman.core.patterns.scan import JoinedNames, Scan

FIRST_BLOCK = 64  # names
GROWTH = 16  # times as many in the next block
PASSES = 4  # passes over all names cost about as much as sorting them
INNER = 4  # texts of a pattern to search for, before a scan, which costs about as much
SMALL = 32  # a subset that is this many times smaller than all names is tested name by name


class Between(Enum):
    """What a pattern matches between its fixed beginning and its fixed end."""

    NOTHING = "nothing"  # the whole pattern is plain text, which is the beginning
    ANYTHING = "anything"
    SOME = "some"  # some texts only


class Shape(Struct, frozen=True):
    """What all names that a pattern matches have in common: beginning, end, and texts in between."""

    prefix: str
    inner: tuple[str, ...]  # the longest first
    suffix: str
    between: Between

    def frames(self, name: str) -> bool:
        """Whether `name` has this beginning and this end, without an overlap."""
        long_enough = len(name) >= len(self.prefix) + len(self.suffix)
        return long_enough and name.startswith(self.prefix) and name.endswith(self.suffix)


class IndexedPattern(Protocol):
    """A pattern as the index needs it. `matches` may be slow to build, and is not used if the shape is enough."""

    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def shape(self) -> Shape: ...  # noqa: D102
    @property
    def matches(self) -> Callable[[str], object]: ...  # noqa: D102
    @property
    def scan(self) -> Scan | None: ...  # noqa: D102


def shape_of(items: Sequence[PatternItem]) -> Shape:
    """The shape of the names that `items` match."""
    plain = [_plain_text(item) for item in items]
    prefix = "".join(takewhile(bool, plain))
    if len(prefix) == len(items):
        return Shape(prefix, (), "", Between.NOTHING)
    suffix = "".join(takewhile(bool, reversed(plain)))[::-1]
    middle = slice(len(prefix), len(items) - len(suffix))
    runs = {"".join(run) for is_plain, run in groupby(plain[middle], bool) if is_plain}
    between = Between.ANYTHING if _takes_anything(items[middle]) else Between.SOME
    inner = sorted(runs, key=lambda run: (-len(run), run))[:INNER]
    return Shape(prefix, tuple(inner), suffix, between)


def _plain_text(item: PatternItem) -> str:
    """The character that `item` matches, if it is exactly one; otherwise an empty text."""
    if item.repeat is Repeat.ONE and item.chars.members and len(item.chars.members) == 1:
        return next(iter(item.chars.members))
    return ""


def _takes_anything(items: Sequence[PatternItem]) -> bool:
    if any(item.repeat is Repeat.ONE for item in items):
        return False
    # Any folders followed by any name without a slash are any text.
    return PatternItem(ANY, Repeat.MANY) in items or (FOLDERS, PatternItem(NOT_SLASH, Repeat.MANY)) in pairwise(items)


def composed(text: str) -> str:
    """`text` in Unicode form NFC, in which an accented letter is always one character."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class NameIndex:
    """Names in the given order, to be matched with any number of patterns."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        # One look at all names is much quicker than a look at each.
        self._composed = self.names if "".join(self.names).isascii() else tuple(map(composed, self.names))

    @cached_property
    def blocks(self) -> tuple["NameBlock", ...]:
        """All names, block by block."""
        blocks: list[NameBlock] = []
        begin, size = 0, FIRST_BLOCK
        while begin < len(self.names):
            end = begin + size
            blocks.append(NameBlock(self._composed[begin:end], self.names[begin:end]))
            begin, size = begin + size, size * GROWTH
        return tuple(blocks)


class NameBlock:
    """Some of the names, in form NFC and as `written`. A set of them is an integer: bit 0 is the first name."""

    def __init__(self, names: Sequence[str], written: Sequence[str] | None = None) -> None:
        self.names = names
        self.written = names if written is None else written
        self.every = (1 << len(names)) - 1
        self._matching: dict[str, int] = {}
        self._holders: dict[str, list[int] | None] = {}
        self._passed = 0

    def matching(self, pattern: IndexedPattern) -> int:
        """The names that `pattern` matches, without regard to its `!`."""
        matching = self._matching.get(pattern.text)
        if matching is None:
            matching = self._matching[pattern.text] = self._find(pattern)
        return matching

    def matching_among(self, pattern: IndexedPattern, among: int) -> int:
        """Names that `pattern` matches, among them all that are in the set `among`."""
        if pattern.text in self._matching or not self._is_small(among.bit_count()):
            return self.matching(pattern)
        return self._tested(pattern, list(indexes_of(among)))

    def _find(self, pattern: IndexedPattern) -> int:
        shape = pattern.shape
        if shape.between is Between.ANYTHING and not (shape.prefix or shape.suffix):
            return self.every
        candidates = self._candidates(shape)
        if not candidates or (shape.between is Between.ANYTHING and not (shape.prefix and shape.suffix)):
            return self._as_bits(candidates)
        if len(candidates) > FIRST_BLOCK and not self._is_small(len(candidates)) and (scan := pattern.scan):
            return self._joined_names.matching(scan) | self._tested(pattern, self._joined_names.excluded)
        return self._tested(pattern, candidates)

    def _tested(self, pattern: IndexedPattern, candidates: Sequence[int]) -> int:
        if not candidates:
            return 0
        matches = pattern.matches
        return self._as_bits([each for each in candidates if matches(self.names[each])])

    def _candidates(self, shape: Shape) -> Sequence[int]:
        """The indexes of all names that contain the texts of the shape. If it has several, there may be others."""
        among: Sequence[int] = range(len(self.names))
        if shape.prefix:
            among = self._forward.beginning(shape.prefix)
        if shape.suffix and among:
            among = self._ending(shape.suffix, among)
        for inner in shape.inner:
            if among:
                among = self._holding(inner, among, shape)
        return among

    def _ending(self, suffix: str, among: Sequence[int]) -> Sequence[int]:
        if self._is_small(len(among)) or self._passed < PASSES * len(self.names):
            self._passed += len(among)
            return [each for each in among if self.names[each].endswith(suffix)]
        return min(among, self._backward.beginning(suffix[::-1]), key=len)

    def _holding(self, inner: str, among: Sequence[int], shape: Shape) -> Sequence[int]:
        if self._is_small(len(among)):
            return [each for each in among if inner in self.names[each]]
        if inner not in self._holders:
            self._holders[inner] = self._all_holding(inner, at_most=len(self.names) // SMALL)
        holders = self._holders[inner]
        return among if holders is None else [each for each in holders if shape.frames(self.names[each])]

    def _all_holding(self, inner: str, at_most: int) -> list[int] | None:
        """The indexes of all names that contain `inner`, and perhaps of a name that contains it across its end.

        None if they are more than `at_most`.
        """
        # Searching one long text is several times faster than searching each name, unless there are many matches.
        indexes: list[int] = []
        at = self._joined.find(inner)
        while at >= 0:
            indexes.append(bisect_right(self._starts, at) - 1)
            if len(indexes) > at_most:
                return None
            at = self._joined.find(inner, self._starts[indexes[-1] + 1])
        return indexes

    def _is_small(self, count: int) -> bool:
        return count <= len(self.names) // SMALL

    def _as_bits(self, indexes: Sequence[int]) -> int:
        if not indexes:
            return 0
        octets = bytearray(len(self.names) // 8 + 1)
        for index in indexes:
            octets[index >> 3] |= 1 << (index & 7)
        return int.from_bytes(octets, "little")

    @cached_property
    def _forward(self) -> "_Sorted":
        return _Sorted(self.names)

    @cached_property
    def _backward(self) -> "_Sorted":
        return _Sorted([name[::-1] for name in self.names])

    @cached_property
    def _joined_names(self) -> JoinedNames:
        return JoinedNames(self.names)

    @cached_property
    def _joined(self) -> str:
        return "\n".join(self.names)

    @cached_property
    def _starts(self) -> list[int]:
        """The position of each name in the joined text, and the end of the text."""
        return list(accumulate((len(name) + 1 for name in self.names), initial=0))


class _Sorted:
    """Sorted texts with their original indexes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._indexes = sorted(range(len(texts)), key=texts.__getitem__)
        self._texts = [texts[index] for index in self._indexes]

    def beginning(self, start: str) -> Sequence[int]:
        """The indexes of the texts that begin with `start`."""
        low = bisect_left(self._texts, start)
        if low == len(self._texts) or not self._texts[low].startswith(start):
            return ()
        high = bisect_right(self._texts, start, lo=low, key=lambda text: text[: len(start)])
        return self._indexes[low:high]


def indexes_of(names: int) -> Iterator[int]:
    """The indexes of all names in a set."""
    bits = f"{names:b}"[::-1]
    at = bits.find("1")
    while at >= 0:
        yield at
        at = bits.find("1", at + 1)


def first_of(names: int) -> int:
    """The index of the first name in a set, which must not be empty."""
    return (names & -names).bit_length() - 1
