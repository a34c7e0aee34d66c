"""Regular expressions that are compiled when a text first needs them.

There are about 200 of them. Compiling all took a third of a function's start, and most texts need a handful.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

compiled = cache(re.compile)


class Rule(NamedTuple):
    """A pattern. A text that it matches has, in lower case, one of `words`."""

    words: tuple[str, ...]  # none: every text is searched
    pattern: str
    flags: int = re.MULTILINE

    @property
    def expression(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return compiled(self.pattern, self.flags)


class ByWord[Entry]:
    """Entries of a table, each with words of which a text must have one: it looks for all words at once."""

    def __init__(self, entries: Iterable[tuple[tuple[str, ...], Entry]]) -> None:
        self._entries: list[Entry] = []
        self._always: set[int] = set()
        self._by_word: dict[str, list[int]] = {}
        for place, (words, entry) in enumerate(entries):
            self._entries.append(entry)
            if not words:
                self._always.add(place)
            for word in words:
                self._by_word.setdefault(word, []).append(place)

    def concerning(self, text: str) -> list[Entry]:
        """The entries with a word that the text has, in their order."""
        places = self._always.union(*[places for word, places in self._by_word.items() if word in text])
        return [self._entries[place] for place in sorted(places)]


def holds_any(text: str, words: Iterable[str]) -> bool:
    """Whether a text has one of the words, also within another word."""
    return any(map(text.__contains__, words))


# What re takes for an ASCII letter when it ignores case, and str.lower() does not.
_LETTERS = {0x130: "i", 0x131: "i", 0x17F: "s"}


def lower_case(text: str) -> str:
    """The text in lower case, as a regular expression that ignores case reads it."""
    return (text if text.isascii() else text.translate(_LETTERS)).lower()
