r"""Filter patterns with exactly the meaning they have in GitHub Actions.

| in a pattern | matches |
| --- | --- |
| `*` | zero or more characters, but no `/` |
| `**` | zero or more of any character |
| `**/` where a folder may begin | no folder, one or more: `**/a.md` matches `a.md` and `x/y/a.md` |
| `?` | zero or one of the preceding character |
| `+` | one or more of the preceding character |
| `[...]` | one of the letters and digits listed or in a range |
| `!` at the start | takes back what earlier patterns of the list matched |
| `\` before `*?+[]!\` | that character itself |

A pattern matches a whole branch, tag or path, case counts, and a leading dot is a character like any other. In a list
the last pattern that matches decides. Source: the "Filter pattern cheat sheet" of
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from pointsman.core.pattern_automaton import Automaton
from pointsman.core.pattern_items import PatternFault, parse_items
from pointsman.core.pattern_regex import linear_regex

__all__ = ["Hit", "Pattern", "PatternFault", "PatternList", "compile_pattern"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, compiled. `matches` takes a name and is truthy when all of it matches; `!` is not yet considered."""

    text: str
    negated: bool
    matches: Callable[[str], object]


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
    """Compile `text`. Matching takes time linear in the name, whatever the pattern. Raises PatternFault."""
    negated = text.startswith("!")
    items = parse_items(text, start=1 if negated else 0)
    regex = linear_regex(items)
    matches = Automaton(items).fullmatch if regex is None else re.compile(regex, re.DOTALL).fullmatch
    return Pattern(text, negated, matches)


class PatternList:
    """Patterns in the order in which they were written."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.patterns = tuple(compile_pattern(text) for text in texts)
        self._last_first = tuple(Hit(index, pattern) for index, pattern in enumerate(self.patterns))[::-1]

    def decide(self, name: str) -> Hit | None:
        """The pattern that decides about `name`: the last that matches; None when none does."""
        for hit in self._last_first:
            if hit.pattern.matches(name):
                return hit
        return None

    def takes_back(self, hit: Hit, name: str) -> bool:
        """Whether `hit` begins with `!` and an earlier pattern had taken `name`."""
        earlier = self.patterns[: hit.index]
        return not hit.included and any(each.matches(name) for each in earlier if not each.negated)
