"""Which names match a pattern, found without asking every name.

Names that begin with the same text lie together once sorted, and so do names that end with it, sorted from their ends.
A pattern is then asked only about names that have its fixed text; where that leaves many, all are searched in one go
(scan.py). What it matches is a number with one bit for each name, so that a whole list of patterns costs a few
operations on numbers, and is kept for the next list that has it.

The names stand in blocks, each much larger than the one before: a list that finds its name among the first few never
looks at the others.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import accumulate, groupby, pairwise, takewhile
from typing import Protocol

from pointsman.core.patterns.items import ANY, FOLDERS, NOT_SLASH, Item, Repeat
from pointsman.core.patterns.scan import Lines, Scan

FIRST_BLOCK = 64  # names
GROWTH = 16  # times as many in the next block
WALKS = 4  # walks over all names cost about what sorting them does
INNER = 4  # texts to look for in a pattern, before a scan, which costs about as much
SMALL = 32  # a part of the names that is so many times smaller is asked name by name


class Between(Enum):
    """What a pattern takes between the text at its beginning and the text at its end."""

    NOTHING = "nothing"  # all of it is plain text, and stands at the beginning
    ANYTHING = "anything"
    SOME = "some"  # as the pattern says


@dataclass(frozen=True, slots=True)
class Shape:
    """What every name that a pattern matches has: how it begins and ends, and texts it holds in between."""

    prefix: str
    inner: tuple[str, ...]  # the longest first
    suffix: str
    between: Between

    def frames(self, name: str) -> bool:
        """Whether `name` begins and ends so, with nothing used twice."""
        long_enough = len(name) >= len(self.prefix) + len(self.suffix)
        return long_enough and name.startswith(self.prefix) and name.endswith(self.suffix)


class Sought(Protocol):
    """A pattern as the index needs it. `matches` may be costly to get, and is not touched where the shape tells all."""

    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def shape(self) -> Shape: ...  # noqa: D102
    @property
    def matches(self) -> Callable[[str], object]: ...  # noqa: D102
    @property
    def scan(self) -> Scan | None: ...  # noqa: D102


def shape_of(items: Sequence[Item]) -> Shape:
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


def _plain_text(item: Item) -> str:
    """The one character that `item` stands for; empty where it may be another, none or many."""
    if item.repeat is Repeat.ONE and item.chars.members and len(item.chars.members) == 1:
        return next(iter(item.chars.members))
    return ""


def _takes_anything(items: Sequence[Item]) -> bool:
    if any(item.repeat is Repeat.ONE for item in items):
        return False
    # Any folders and then any name without a slash are any text.
    return Item(ANY, Repeat.MANY) in items or (FOLDERS, Item(NOT_SLASH, Repeat.MANY)) in pairwise(items)


def composed(text: str) -> str:
    """`text` in Unicode's form NFC, in which an accented letter is one character however it was written."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class NameIndex:
    """Names in the order given, to be matched against any number of patterns."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._composed = tuple(map(composed, self.names))

    @cached_property
    def blocks(self) -> tuple["Block", ...]:
        """All names, block by block."""
        blocks: list[Block] = []
        begin, size = 0, FIRST_BLOCK
        while begin < len(self.names):
            end = begin + size
            blocks.append(Block(self._composed[begin:end], self.names[begin:end]))
            begin, size = begin + size, size * GROWTH
        return tuple(blocks)


class Block:
    """Some of the names, `composed`, and as they are `written`. A set of them is a number: bit 0 is the first name."""

    def __init__(self, names: Sequence[str], written: Sequence[str] | None = None) -> None:
        self.names = names
        self.written = names if written is None else written
        self.every = (1 << len(names)) - 1
        self._found: dict[str, int] = {}
        self._holders: dict[str, list[int] | None] = {}
        self._walked = 0

    def matching(self, sought: Sought) -> int:
        """The names that `sought` matches; its `!` is not considered."""
        found = self._found.get(sought.text)
        if found is None:
            found = self._found[sought.text] = self._find(sought)
        return found

    def matching_among(self, sought: Sought, among: int) -> int:
        """At least those names of the set `among` that `sought` matches, and none that it does not."""
        if sought.text in self._found or not self._is_small(among.bit_count()):
            return self.matching(sought)
        return self._asked(sought, list(places_of(among)))

    def _find(self, sought: Sought) -> int:
        shape = sought.shape
        if shape.between is Between.ANYTHING and not (shape.prefix or shape.suffix):
            return self.every
        candidates = self._candidates(shape)
        if not candidates or (shape.between is Between.ANYTHING and not (shape.prefix and shape.suffix)):
            return self._as_number(candidates)
        if len(candidates) > FIRST_BLOCK and not self._is_small(len(candidates)) and (scan := sought.scan):
            return self._lines.matching(scan) | self._asked(sought, self._lines.no_lines)
        return self._asked(sought, candidates)

    def _asked(self, sought: Sought, candidates: Sequence[int]) -> int:
        if not candidates:
            return 0
        matches = sought.matches
        return self._as_number([each for each in candidates if matches(self.names[each])])

    def _candidates(self, shape: Shape) -> Sequence[int]:
        """The places of all names that have the shape's texts, and perhaps of some others if it has several."""
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
        if self._is_small(len(among)) or self._walked < WALKS * len(self.names):
            self._walked += len(among)
            return [each for each in among if self.names[each].endswith(suffix)]
        return min(among, self._backward.beginning(suffix[::-1]), key=len)

    def _holding(self, inner: str, among: Sequence[int], shape: Shape) -> Sequence[int]:
        if self._is_small(len(among)):
            return [each for each in among if inner in self.names[each]]
        if inner not in self._holders:
            self._holders[inner] = self._all_holding(inner, at_most=len(self.names) // SMALL)
        found = self._holders[inner]
        return among if found is None else [each for each in found if shape.frames(self.names[each])]

    def _all_holding(self, inner: str, at_most: int) -> list[int] | None:
        """The places of all names that hold `inner`, and perhaps of a name that holds it together with the next.

        None where they are more than `at_most`.
        """
        # One search in one long text is several times as fast as one in each name, unless it finds many.
        places: list[int] = []
        at = self._joined.find(inner)
        while at >= 0:
            places.append(bisect_right(self._begins, at) - 1)
            if len(places) > at_most:
                return None
            at = self._joined.find(inner, self._begins[places[-1] + 1])
        return places

    def _is_small(self, count: int) -> bool:
        return count <= len(self.names) // SMALL

    def _as_number(self, places: Sequence[int]) -> int:
        if not places:
            return 0
        octets = bytearray(len(self.names) // 8 + 1)
        for place in places:
            octets[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(octets, "little")

    @cached_property
    def _forward(self) -> "_Sorted":
        return _Sorted(self.names)

    @cached_property
    def _backward(self) -> "_Sorted":
        return _Sorted([name[::-1] for name in self.names])

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.names)

    @cached_property
    def _joined(self) -> str:
        return "\n".join(self.names)

    @cached_property
    def _begins(self) -> list[int]:
        """Where each name begins in the joined text; and its end."""
        return list(accumulate((len(name) + 1 for name in self.names), initial=0))


class _Sorted:
    """Texts, and the places where they stood."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._places = sorted(range(len(texts)), key=texts.__getitem__)
        self._texts = [texts[place] for place in self._places]

    def beginning(self, start: str) -> Sequence[int]:
        """The places of the texts that begin with `start`."""
        low = bisect_left(self._texts, start)
        if low == len(self._texts) or not self._texts[low].startswith(start):
            return ()
        high = bisect_right(self._texts, start, lo=low, key=lambda text: text[: len(start)])
        return self._places[low:high]


def places_of(found: int) -> Iterator[int]:
    """The places of all names of a set."""
    bits = f"{found:b}"[::-1]
    at = bits.find("1")
    while at >= 0:
        yield at
        at = bits.find("1", at + 1)


def first_of(found: int) -> int:
    """The place of the first name of a set that is not empty."""
    return (found & -found).bit_length() - 1
