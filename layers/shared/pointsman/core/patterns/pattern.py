r"""Filter patterns as GitHub documents them.

| in a pattern | matches |
| --- | --- |
| `*` | zero or more characters other than `/` |
| `**` | zero or more of any character |
| `**/` at the start of a folder | zero or more folders: `**/a.md` matches `a.md` and `x/y/a.md` |
| `?` | zero or one of the preceding character |
| `+` | one or more of the preceding character |
| `[...]` | one of the letters and digits listed or in a range |
| `!` at the start | excludes names that earlier patterns of the list matched |
| `\` before punctuation or a space | that character itself |
| `?` at the start | the same as `**` |
| `+` at the start | nothing |

A pattern matches the whole name of a branch, tag or file. It is case-sensitive, and a leading dot is a character like
any other. Patterns and names are compared in Unicode form NFC, since the forms look the same. In a list, the last
pattern that matches decides. Source: the "Filter pattern cheat sheet" of
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax; where it is not precise, a test
suite recorded on GitHub: https://github.com/grafana/generate-policy-bot-config/blob/main/internal/filterpattern_test.go
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, cached_property

from msgspec import Struct

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.items import PatternError, PatternItem, parse_items
from pointsman.core.patterns.name_index import Between, NameBlock, NameIndex, Shape, composed, first_of, shape_of
from pointsman.core.patterns.regex import linear_regex
from pointsman.core.patterns.scan import Scan, matcher_of, scan_of

__all__ = ["Hit", "Pattern", "PatternError", "PatternList", "compile_pattern"]


class Pattern(Struct, frozen=True, dict=True, eq=False):
    """One valid pattern."""

    text: str
    negated: bool
    items: tuple[PatternItem, ...]

    @cached_property
    def shape(self) -> Shape:
        """What all names that it matches have in common."""
        return shape_of(self.items)

    @cached_property
    def matches(self) -> Callable[[str], object]:
        """A function that is truthy if a whole name matches, in time linear in the name, without regard to `!`."""
        # Built at the first use: hundreds of regular expressions would slow down a cold start.
        match self.shape.between:
            case Between.NOTHING:
                return self.shape.prefix.__eq__
            case Between.ANYTHING:
                return self.shape.frames
            case Between.SOME:
                regex = linear_regex(self.items)
                return self._matcher if regex is None else re.compile(regex, re.DOTALL).fullmatch

    @property
    def _matcher(self) -> Callable[[str], object]:
        try:
            return matcher_of(self.items)
        except ValueError:
            return Automaton(self.items).fullmatch

    @cached_property
    def scan(self) -> Scan | None:
        """A function that finds all matching names in one search; None if RE2 cannot."""
        try:
            return scan_of(self.items)
        except ValueError:
            return None


class Hit(Struct, frozen=True):
    """The pattern of a list that decided on a name."""

    index: int
    pattern: Pattern

    @property
    def included(self) -> bool:
        """False if the pattern begins with `!`."""
        return not self.pattern.negated


@cache
def compile_pattern(text: str) -> Pattern:
    """Parse `text`. Raises PatternError."""
    negated = text.startswith("!")
    return Pattern(text, negated, parse_items(composed(text), start=1 if negated else 0))


class PatternList:
    """Patterns in the order of the file."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.patterns = tuple(compile_pattern(text) for text in texts)
        self._last_first = tuple(Hit(index, pattern) for index, pattern in enumerate(self.patterns))[::-1]

    def decide(self, name: str) -> Hit | None:
        """The pattern that decides on `name`: the last that matches, or None if none does."""
        name = composed(name)
        for hit in self._last_first:
            if hit.pattern.matches(name):
                return hit
        return None

    def first_included(self, index: NameIndex) -> tuple[str, Hit] | None:
        """The first name on which a pattern without `!` decides."""
        return self._first(index, self._included)

    def first_excluded(self, index: NameIndex) -> tuple[str, Hit] | None:
        """The first name that a pattern includes and a later one with `!` excludes."""
        return self._first(index, self._excluded)

    def first_not_included(self, index: NameIndex) -> tuple[str, Hit | None] | None:
        """The first name on which no pattern decides, or one with `!`."""
        for block in index.blocks:
            if others := block.every & ~self._included(block):
                position = first_of(others)
                return block.written[position], self._decides(block, position)
        return None

    def _first(self, index: NameIndex, choose: Callable[[NameBlock], int]) -> tuple[str, Hit] | None:
        for block in index.blocks:
            if chosen := choose(block):
                position = first_of(chosen)
                hit = self._decides(block, position)
                return (block.written[position], hit) if hit else None
        return None

    def _decides(self, block: NameBlock, position: int) -> Hit | None:
        return next((each for each in self._last_first if block.matching(each.pattern) >> position & 1), None)

    def _included(self, block: NameBlock) -> int:
        """The last pattern decides, so it is tested first, and each earlier one only on the remaining names."""
        undecided = 0
        for pattern in self.patterns:
            undecided |= 0 if pattern.negated else block.matching(pattern)
        included = 0
        for hit in self._last_first:
            if not undecided:
                break
            matching = undecided & block.matching_among(hit.pattern, undecided)
            undecided &= ~matching
            included |= 0 if hit.pattern.negated else matching
        return included

    def _excluded(self, block: NameBlock) -> int:
        once_included = excluded = 0
        for pattern in self.patterns:
            if not pattern.negated:
                once_included |= block.matching(pattern)
                excluded &= ~block.matching(pattern)
            elif once_included:
                excluded |= once_included & block.matching(pattern)
        return excluded
