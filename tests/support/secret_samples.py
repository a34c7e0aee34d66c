"""Texts that a pattern matches, drawn at random as a vendor draws its tokens: Python's own parser reads the pattern."""

import random
import re
import string
from collections.abc import Iterable
from re import _constants as ops
from re import _parser as parser
from typing import Any

PRINTED = list(map(chr, range(33, 127)))
CATEGORIES = {
    ops.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    ops.CATEGORY_DIGIT: string.digits,
    ops.CATEGORY_SPACE: " ",
    ops.CATEGORY_NOT_SPACE: string.ascii_letters + string.digits,
}
MOST_MORE = 12  # repetitions above the fewest


class Sampler:
    """Draws a text for a pattern, and tells what its first group has."""

    def __init__(self, seed: int, most_more: int = MOST_MORE) -> None:
        self._random = random.Random(seed)
        self._most_more = most_more
        self._without_case = False
        self.groups: list[str] = []

    def draw(self, pattern: str) -> tuple[str, str]:
        """A text that the pattern matches, and the secret in it."""
        text = self._all(parser.parse(pattern, re.ASCII))
        return text, self.groups[-1] if self.groups else text

    def _all(self, parsed: Iterable[Any]) -> str:
        return "".join(self._one(operation, argument) for operation, argument in parsed)

    def _one(self, operation: Any, argument: Any) -> str:
        match operation:
            case ops.LITERAL:
                return self._cased(chr(argument))
            case ops.IN:
                return self._cased(self._random.choice(sorted(_members(argument))))
            case ops.MAX_REPEAT | ops.MIN_REPEAT:
                fewest, most, inner = argument
                times = self._random.randint(fewest, min(most, fewest + self._most_more))
                return "".join(self._all(inner) for _ in range(times))
            case ops.SUBPATTERN:
                return self._group(argument)
            case ops.BRANCH:
                return self._all(self._random.choice(argument[1]))
            case ops.ANY:
                return self._random.choice(PRINTED)
            case ops.AT | ops.ASSERT_NOT:
                return ""
        raise NotImplementedError(operation)

    def _group(self, argument: Any) -> str:
        number, added, removed, inner = argument
        before = self._without_case
        self._without_case = (before or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE
        text = self._all(inner)
        self._without_case = before
        if number:
            self.groups.append(text)
        return text

    def _cased(self, character: str) -> str:
        return character.swapcase() if self._without_case and self._random.random() < 0.2 else character


def _members(argument: Iterable[Any]) -> set[str]:
    members: set[str] = set()
    excluded = False
    for kind, value in argument:
        match kind:
            case ops.LITERAL:
                members.add(chr(value))
            case ops.RANGE:
                members |= set(map(chr, range(value[0], value[1] + 1)))
            case ops.CATEGORY:
                members |= set(CATEGORIES[value])
            case ops.NEGATE:
                excluded = True
    return (set(PRINTED) - members if excluded else members) - {"\n", "\r"}
