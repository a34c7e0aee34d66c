"""Convert a pattern to a regular expression that takes linear time, if there is one.

Python's `re` backtracks, so `*a*a*a*b` as `[^/]*a[^/]*a[^/]*a[^/]*b` would take the fourth power of a name's length.
Backtracking is not needed ("decided": a possessive or atomic group) in three cases:

- what follows cannot begin with a repeated character: `[0-9]+.`, or a star at the end;
- the fixed text after a star contains a slash that the star cannot cross, so it has only one position: `*/a`;
- what follows the fixed text matches everything that a later position would leave, so the first one is enough: `*a*`.

One undecided star costs a linear number of attempts, if each of them ends soon. Patterns that need more are matched by
RE2 (scan.py).
"""

import re
from collections.abc import Sequence

from pointsman.core.patterns.items import ANY, FOLDERS, SLASH, Chars, PatternItem, Repeat


def linear_regex(items: Sequence[PatternItem]) -> str | None:
    """A regular expression (for fullmatch, with DOTALL) equivalent to `items`, or None if there is none."""
    parts: list[str] = []
    undecided = False  # a star before this item is tried at many positions
    in_new_segment = True  # and there is a slash between that star and this item
    position = 0
    while position < len(items):
        item, rest = items[position], items[position + 1 :]
        chunk = () if item.repeat is Repeat.ONE else _chunk(rest)
        if item.repeat is Repeat.ONE:
            parts.append(_text(item.chars))
            in_new_segment |= item.chars == SLASH
        elif undecided and not _is_cheap(item, rest, in_new_segment):
            return None
        elif _is_decided_by_rest(item, rest):
            parts.append(_possessive(item))
        elif _is_decided_by_chunk(item, chunk, rest):
            parts.append(_first_position(item, chunk))
            position += len(chunk)
            in_new_segment |= SLASH in {each.chars for each in chunk}
        elif undecided:
            return None
        else:
            parts.append(_backtracking(item))
            undecided, in_new_segment = True, item == FOLDERS
        position += 1
    return "".join(parts)


def _chunk(rest: Sequence[PatternItem]) -> Sequence[PatternItem]:
    """The items of fixed text at the start of `rest`."""
    for length, item in enumerate(rest):
        if item.repeat is not Repeat.ONE:
            return rest[:length]
    return rest


def _is_cheap(item: PatternItem, rest: Sequence[PatternItem], in_new_segment: bool) -> bool:
    """Whether trying `item` at each position of an undecided star is still linear."""
    if item.repeat is Repeat.MAYBE:
        return True
    # Each segment of a name is entered once, and an open end matches immediately.
    return (in_new_segment and "/" not in item.chars) or (item == PatternItem(ANY, Repeat.MANY) and not rest)


def _is_decided_by_rest(item: PatternItem, rest: Sequence[PatternItem]) -> bool:
    if item == FOLDERS:
        return all("/" not in each.chars for each in rest)  # then it ends at the last slash
    for following in rest:
        if following.chars.meets(item.chars):
            return False
        if following.repeat is Repeat.ONE:
            return True
    return True


def _is_decided_by_chunk(item: PatternItem, chunk: Sequence[PatternItem], rest: Sequence[PatternItem]) -> bool:
    if item.repeat is Repeat.MAYBE or not chunk:
        return False
    if "/" not in item.chars and SLASH in {each.chars for each in chunk}:
        return True
    if len(chunk) == len(rest):
        return False
    following = rest[len(chunk)]
    if following == FOLDERS:
        return chunk[-1].chars == SLASH
    return following.repeat is Repeat.MANY and all(following.chars.covers(each.chars) for each in (item, *chunk))


def _possessive(item: PatternItem) -> str:
    match item.repeat:
        case Repeat.FOLDERS:
            return "(?:.*/)?+"
        case Repeat.MAYBE:
            return f"{_text(item.chars)}?+"
        case _:
            return f"{_text(item.chars)}*+"


def _first_position(item: PatternItem, chunk: Sequence[PatternItem]) -> str:
    lazy = "(?:.*?/)??" if item == FOLDERS else f"{_text(item.chars)}*?"
    return f"(?>{lazy}{''.join(_text(each.chars) for each in chunk)})"


def _backtracking(item: PatternItem) -> str:
    match item.repeat:
        case Repeat.FOLDERS:
            return "(?:.*/)?"
        case Repeat.MAYBE:
            return f"{_text(item.chars)}?"
        case _:
            return f"{_text(item.chars)}*"


def _text(chars: Chars) -> str:
    if chars.members is None:
        return "." if chars.slash else "[^/]"
    if len(chars.members) == 1:
        return re.escape(next(iter(chars.members)))
    return f"[{''.join(map(re.escape, sorted(chars.members)))}]"
