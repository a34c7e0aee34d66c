"""Regular expressions that are compiled when a text first needs them.

There are about 200 of them. Compiling all took a third of a function's start, and most texts need a handful.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

compiled = cache(re.compile)
LONGEST_LEAD = 40  # characters before a match that are looked at
LONG_WORD = re.compile(r"[\w.~+/=-]{15}")


class Rule(NamedTuple):
    """A pattern. A text that it matches has, in lower case, one of `words`."""

    words: tuple[str, ...]  # none: every text is searched
    pattern: str
    flags: int = re.MULTILINE
    in_long_word: bool = False  # whether a text that it matches has a LONG_WORD
    unless: str = ""  # what stands before a match that is no secret

    @property
    def expression(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return compiled(self.pattern, self.flags)

    def is_public(self, text: str, place: int) -> bool:
        """Whether a match at a place of the text is no secret, by what stands before it."""
        lead = text[max(place - LONGEST_LEAD, 0) : place]
        return bool(self.unless) and compiled(rf"(?:{self.unless})\Z", re.IGNORECASE).search(lead) is not None


class ByWord[Entry]:
    """Entries of a table, each with words of which a text must have one: it looks for all words at once."""

    def __init__(self, entries: Iterable[tuple[tuple[str, ...], Entry]]) -> None:
        self._entries: list[Entry] = []
        # Searching for a character is much quicker than for a word, so words are kept by their rarest character.
        self._by_character: dict[str, dict[str, list[int]]] = {}
        for place, (words, entry) in enumerate(entries):
            self._entries.append(entry)
            for word in words or ("",):
                self._by_character.setdefault(_rarest(word), {}).setdefault(word, []).append(place)

    def concerning(self, text: str) -> list[Entry]:
        """The entries with a word that the text has, in their order."""
        found = {
            place
            for character, by_word in self._by_character.items()
            if character in text
            for word, places in by_word.items()
            if word in text
            for place in places
        }
        return [self._entries[place] for place in sorted(found)]


def _rarest(word: str) -> str:
    """The character of a word that the fewest texts have: a sign, or a rare letter."""
    return min(word, key=_COMMON.find, default="")


# The more common a character is in texts, the later it stands; signs that are not listed are rarer still.
_COMMON = "qjzxkvw_bygf.phdmu-lcrisoanet "


def holds_any(text: str, words: Iterable[str]) -> bool:
    """Whether a text has one of the words, also within another word."""
    return any(map(text.__contains__, words))


# What re takes for an ASCII letter when it ignores case, and str.lower() does not.
_LETTERS = {0x130: "i", 0x131: "i", 0x17F: "s"}


def lower_case(text: str) -> str:
    """The text in lower case, as a regular expression that ignores case reads it."""
    return (text if text.isascii() else text.translate(_LETTERS)).lower()
