"""A pattern as a regular expression that takes linear time, where there is one.

Python's `re` tries alternatives again, so `*a*a*a*b` as `[^/]*a[^/]*a[^/]*a[^/]*b` would take the fourth power of a
name's length. A choice can be made once and for all ("decided": possessive or atomic) in three cases:

- what follows cannot begin with a repeated character: `[0-9]+.` or a star at the end;
- the fixed text behind a star holds a slash that the star cannot cross, so there is one place for it: `*/a`;
- what follows that fixed text takes everything that a later place would leave over, so its first place will do: `*a*`.

One undecided star costs a linear number of tries, if what follows it does not itself walk far. A pattern that needs
more is no regular expression of ours, and RE2 matches it (scan.py).
"""

import re
from collections.abc import Sequence

from pointsman.core.patterns.items import ANY, FOLDERS, SLASH, Chars, Item, Repeat


def linear_regex(items: Sequence[Item]) -> str | None:
    """A regular expression (for fullmatch, with DOTALL) that matches what `items` match; None where there is none."""
    parts: list[str] = []
    undecided = False  # a star before this item is tried in many places
    in_new_segment = True  # and a slash stands between that star and this item
    position = 0
    while position < len(items):
        item, rest = items[position], items[position + 1 :]
        chunk = () if item.repeat is Repeat.ONE else _chunk(rest)
        if item.repeat is Repeat.ONE:
            parts.append(_text(item.chars))
            in_new_segment |= item.chars == SLASH
        elif undecided and not _walks_little(item, rest, in_new_segment):
            return None
        elif _is_decided_alone(item, rest):
            parts.append(_possessive(item))
        elif _is_decided_by(item, chunk, rest):
            parts.append(_first_place(item, chunk))
            position += len(chunk)
            in_new_segment |= SLASH in {each.chars for each in chunk}
        elif undecided:
            return None
        else:
            parts.append(_open(item))
            undecided, in_new_segment = True, item == FOLDERS
        position += 1
    return "".join(parts)


def _chunk(rest: Sequence[Item]) -> Sequence[Item]:
    """The fixed text at the beginning of `rest`."""
    for length, item in enumerate(rest):
        if item.repeat is not Repeat.ONE:
            return rest[:length]
    return rest


def _walks_little(item: Item, rest: Sequence[Item], in_new_segment: bool) -> bool:
    """Whether repeating `item` for each place of an undecided star is linear all the same."""
    if item.repeat is Repeat.MAYBE:
        return True
    # Each segment of a name is entered once; and an open end succeeds at once.
    return (in_new_segment and "/" not in item.chars) or (item == Item(ANY, Repeat.MANY) and not rest)


def _is_decided_alone(item: Item, rest: Sequence[Item]) -> bool:
    if item == FOLDERS:
        return all("/" not in each.chars for each in rest)  # then it ends at the last slash
    for following in rest:
        if following.chars.meets(item.chars):
            return False
        if following.repeat is Repeat.ONE:
            return True
    return True


def _is_decided_by(item: Item, chunk: Sequence[Item], rest: Sequence[Item]) -> bool:
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


def _possessive(item: Item) -> str:
    match item.repeat:
        case Repeat.FOLDERS:
            return "(?:.*/)?+"
        case Repeat.MAYBE:
            return f"{_text(item.chars)}?+"
        case _:
            return f"{_text(item.chars)}*+"


def _first_place(item: Item, chunk: Sequence[Item]) -> str:
    lazy = "(?:.*?/)??" if item == FOLDERS else f"{_text(item.chars)}*?"
    return f"(?>{lazy}{''.join(_text(each.chars) for each in chunk)})"


def _open(item: Item) -> str:
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
