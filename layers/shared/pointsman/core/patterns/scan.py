r"""Find all names of a list that a pattern matches in one search by RE2: the names are the lines of one text.

A loop is slow because of the call for each name. One search over 10,000 joined names costs about as much as a thousand
calls, whatever the pattern: RE2 (https://github.com/google/re2) reads each character once. A match covers as many
consecutive lines as possible, so a pattern that matches everything yields one match and not one for each name.

Names are searched as bytes, since a name need not be valid Unicode. A name with a line break is left out.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from pointsman.core.patterns.items import Chars, PatternItem, Repeat

_NO_NAME = b"\xff"  # not a byte of UTF-8, so no pattern matches such a line
_LINE_BREAK = Chars(frozenset("\n"))
_MEMORY = 1 << 20  # bytes that an expression may use; RE2 is slower if it needs more

type Scan = Callable[[bytes], Iterable[tuple[int, int]]]
"""Text of lines -> start and end, in bytes, of each run of lines that match."""


class JoinedNames:
    """Names as the lines of one text."""

    def __init__(self, names: Sequence[str]) -> None:
        lines = [_NO_NAME if "\n" in name else name.encode("utf-8", "surrogatepass") for name in names]
        self.excluded = [index for index, line in enumerate(lines) if line == _NO_NAME]
        self._text = b"".join([line + b"\n" for line in lines])
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=0))

    def matching(self, scan: Scan) -> int:
        """The lines that match, as an integer with one bit for each."""
        matches = 0
        for begin, end in scan(self._text):
            first, after = (bisect_right(self._starts, at) - 1 for at in (begin, end))
            matches |= ((1 << (after - first)) - 1) << first
        return matches


def scan_of(items: Sequence[PatternItem]) -> Scan:
    """Return a function that finds the lines that `items` match. Raises ValueError if RE2 cannot."""
    if PatternItem(_LINE_BREAK) in items:
        return lambda text: ()
    within = [item for item in items if item.chars != _LINE_BREAK]
    compiled = _compiled(b"(?m:^)(?:" + _expression(within, none_of=rb"\n\xff") + b"\n)+")

    def scan(text: bytes) -> Iterator[tuple[int, int]]:
        return (match.span() for match in compiled.finditer(text))

    return scan


def matcher_of(items: Sequence[PatternItem]) -> Callable[[str], object]:
    """Return a function that matches `items` on a whole name. Raises ValueError if RE2 cannot."""
    fullmatch = _compiled(_expression(items, none_of=b"")).fullmatch
    return lambda name: fullmatch(name.encode("utf-8", "surrogatepass"))


def _compiled(expression: bytes) -> Any:
    import re2  # noqa: PLC0415 - most pushes are too small to need it

    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, _MEMORY
    options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        raise ValueError(f"RE2 rejects the expression: {error}") from error


def _expression(items: Iterable[PatternItem], none_of: bytes) -> bytes:
    """The items as an expression of bytes. No name contains one of `none_of`."""
    return b"".join(_part(item, none_of) for item in items)


def _part(item: PatternItem, none_of: bytes) -> bytes:
    match item.repeat:
        case Repeat.FOLDERS:
            return b"(?:" + _set(item.chars, none_of) + b"*/)?"
        case Repeat.ONE:
            return _set(item.chars, none_of)
        case Repeat.MAYBE:
            return _set(item.chars, none_of) + b"?"
        case Repeat.MANY:
            return _set(item.chars, none_of) + b"*"


def _set(chars: Chars, none_of: bytes) -> bytes:
    """An expression for one character, which may have several bytes."""
    if chars.members is None:
        but = none_of if chars.slash else b"/" + none_of
        return b"[^" + but + b"]" if but else b"(?s:.)"
    alternatives = sorted(char.encode("utf-8", "surrogatepass") for char in chars.members)
    return b"(?:" + b"|".join(b"".join(b"\\x%02x" % byte for byte in each) for each in alternatives) + b")"
