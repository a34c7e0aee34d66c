"""Regular expressions that are compiled when a text first needs them.

There are about 200 of them. Compiling all took a third of a function's start, and most texts need a handful.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

Replacement = Callable[[re.Match[str]], str]

compiled = cache(re.compile)


class Rule(NamedTuple):
    """A pattern. A text that it matches has one of `words`, in lower case if the pattern ignores case."""

    words: tuple[str, ...]  # none: every text is searched
    pattern: str
    ignores_case: bool = False
    flags: int = re.MULTILINE

    def sub(self, replacement: Replacement | str, text: str, lower: str = "") -> str:
        """The text with each match replaced. `lower` is what lower_case() returns of the text."""
        if self.words and not holds_any(lower if self.ignores_case else text, self.words):
            return text
        return compiled(self.pattern, self.flags).sub(replacement, text)


def holds_any(text: str, words: Iterable[str]) -> bool:
    """Whether a text has one of the words, also within another word."""
    for word in words:  # noqa: SIM110 - any() takes twice the time, and every text of a build is asked
        if word in text:
            return True
    return False


# What re takes for an ASCII letter when it ignores case, and str.lower() does not.
_LETTERS = {0x130: "i", 0x131: "i", 0x17F: "s"}


def lower_case(text: str) -> str:
    """The text in lower case, as a regular expression that ignores case reads it."""
    return (text if text.isascii() else text.translate(_LETTERS)).lower()
