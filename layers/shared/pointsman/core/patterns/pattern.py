r"""Filter patterns with the meaning that GitHub's documentation gives them.

| in a pattern | matches |
| --- | --- |
| `*` | zero or more characters, but no `/` |
| `**` | zero or more of any character |
| `**/` where a folder may begin | no folder, one or more: `**/a.md` matches `a.md` and `x/y/a.md` |
| `?` | zero or one of the preceding character |
| `+` | one or more of the preceding character |
| `[...]` | one of the letters and digits listed or in a range |
| `!` at the start | takes back what earlier patterns of the list matched |
| `\` before punctuation or a space | that character itself |
| `?` at the start | begins anywhere: the same as `**` there |
| `+` at the start | nothing |

A pattern matches a whole branch, tag or path, case counts, and a leading dot is a character like any other. Patterns
and names are compared in Unicode's form NFC, since nobody sees in which form a name was written. In a list the last
pattern that matches decides. Source: the "Filter pattern cheat sheet" of
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax; for what that leaves open, a suite
recorded on GitHub: https://github.com/grafana/generate-policy-bot-config/blob/main/internal/filterpattern_test.go
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.items import Item, PatternError, parse_items
from pointsman.core.patterns.name_index import Between, Block, NameIndex, Shape, composed, first_of, shape_of
from pointsman.core.patterns.regex import linear_regex
from pointsman.core.patterns.scan import Scan, matcher_of, scan_of

__all__ = ["Hit", "Pattern", "PatternError", "PatternList", "compile_pattern"]


@dataclass(frozen=True)
class Pattern:
    """One pattern, read and checked."""

    text: str
    negated: bool
    items: tuple[Item, ...] = field(repr=False, compare=False)

    @cached_property
    def shape(self) -> Shape:
        """What every name that it matches has."""
        return shape_of(self.items)

    @cached_property
    def matches(self) -> Callable[[str], object]:
        """Takes a name and is truthy when all of it matches, in time linear in the name; `!` is not yet considered."""
        # Made when first asked for: hundreds of regular expressions are a noticeable part of a cold start.
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
        """Finds all names that it matches in one go; None where RE2 cannot."""
        try:
            return scan_of(self.items)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Hit:
    """The pattern of a list that decided about a name."""

    index: int
    pattern: Pattern

    @property
    def included(self) -> bool:
        """False when the pattern begins with `!`."""
        return not self.pattern.negated


@cache
def compile_pattern(text: str) -> Pattern:
    """Read `text`. Raises PatternError."""
    negated = text.startswith("!")
    return Pattern(text, negated, parse_items(composed(text), start=1 if negated else 0))


class PatternList:
    """Patterns in the order in which they were written."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.patterns = tuple(compile_pattern(text) for text in texts)
        self._last_first = tuple(Hit(index, pattern) for index, pattern in enumerate(self.patterns))[::-1]

    def decide(self, name: str) -> Hit | None:
        """The pattern that decides about `name`: the last that matches; None when none does."""
        name = composed(name)
        for hit in self._last_first:
            if hit.pattern.matches(name):
                return hit
        return None

    def first_taken(self, index: NameIndex) -> tuple[str, Hit] | None:
        """The first name on which a pattern without `!` decides."""
        return self._first(index, self._taken)

    def first_taken_back(self, index: NameIndex) -> tuple[str, Hit] | None:
        """The first name that a pattern takes and a later one, which decides, takes back."""
        return self._first(index, self._taken_back)

    def first_left(self, index: NameIndex) -> tuple[str, Hit | None] | None:
        """The first name on which no pattern decides, or one with `!`."""
        for block in index.blocks:
            if left := block.every & ~self._taken(block):
                place = first_of(left)
                return block.written[place], self._decides(block, place)
        return None

    def _first(self, index: NameIndex, choose: Callable[[Block], int]) -> tuple[str, Hit] | None:
        for block in index.blocks:
            if chosen := choose(block):
                place = first_of(chosen)
                hit = self._decides(block, place)
                return (block.written[place], hit) if hit else None
        return None

    def _decides(self, block: Block, place: int) -> Hit | None:
        return next((each for each in self._last_first if block.matching(each.pattern) >> place & 1), None)

    def _taken(self, block: Block) -> int:
        """The last pattern decides, so it is asked first, and each one before it only about what is left."""
        undecided = 0
        for pattern in self.patterns:
            undecided |= 0 if pattern.negated else block.matching(pattern)
        taken = 0
        for hit in self._last_first:
            if not undecided:
                break
            matching = undecided & block.matching_among(hit.pattern, undecided)
            undecided &= ~matching
            taken |= 0 if hit.pattern.negated else matching
        return taken

    def _taken_back(self, block: Block) -> int:
        once_taken = taken_back = 0
        for pattern in self.patterns:
            if not pattern.negated:
                once_taken |= block.matching(pattern)
                taken_back &= ~block.matching(pattern)
            elif once_taken:
                taken_back |= once_taken & block.matching(pattern)
        return taken_back
