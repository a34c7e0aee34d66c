"""Parse a filter pattern into items."""

from enum import Enum
from string import punctuation

from msgspec import Struct

from pointsman.core.text import ELLIPSIS, cut

LONGEST_PATTERN = 1_000  # characters
_ESCAPABLE = frozenset(punctuation) | {" "}
_HINT_NEGATION = "brackets cannot be negated; exclude names with a separate pattern that begins with `!`"


class PatternError(ValueError):
    """A pattern that GitHub rejects, or that has no clear meaning. The message says where and why."""

    def __init__(self, pattern: str, position: int, reason: str) -> None:
        super().__init__(f"pattern `{pattern}`, character {position + 1}: {reason}")


class Chars(Struct, frozen=True):
    """A set of characters. If `members` is None, it is any character; `slash` then says whether it includes `/`."""

    members: frozenset[str] | None
    slash: bool = False

    def __contains__(self, char: str) -> bool:
        if self.members is None:
            return self.slash or char != "/"
        return char in self.members

    def meets(self, other: "Chars") -> bool:
        """Whether some character is in both."""
        if self.members is None:
            return other.members is None or any(char in self for char in other.members)
        return any(char in other for char in self.members)

    def covers(self, other: "Chars") -> bool:
        """Whether every character of `other` is in this set too."""
        if other.members is None:
            return self.members is None and (self.slash or not other.slash)
        return all(char in self for char in other.members)


ANY = Chars(None, slash=True)
NOT_SLASH = Chars(None, slash=False)
SLASH = Chars(frozenset("/"))


class Repeat(Enum):
    """How often an item's characters may occur."""

    ONE = "one"
    MAYBE = "maybe"  # zero or one
    MANY = "many"  # zero or more
    FOLDERS = "folders"  # `**/` at the start of a folder: nothing, or any text that ends with a slash


class PatternItem(Struct, frozen=True):
    """A set of characters in a pattern, and how often they may occur."""

    chars: Chars
    repeat: Repeat = Repeat.ONE


FOLDERS = PatternItem(ANY, Repeat.FOLDERS)


def parse_items(text: str, start: int = 0) -> tuple[PatternItem, ...]:
    """Parse pattern `text` from position `start`. Raises PatternError."""
    if len(text) > LONGEST_PATTERN:
        raise PatternError(
            cut(text, 41, ELLIPSIS), LONGEST_PATTERN, f"it is longer than {LONGEST_PATTERN:,} characters"
        )
    if start == len(text):
        raise PatternError(text, start, "the pattern is empty")
    items: list[PatternItem] = []
    position = start
    while position < len(text):
        position = _take(text, position, start, items)
    return tuple(items)


def _take(text: str, position: int, start: int, items: list[PatternItem]) -> int:
    """Append the item at `position`. Return the position after it."""
    match text[position]:
        case "*":
            return _take_star(text, position, items)
        case "?" | "+":
            _repeat_last(text, position, start, items)
            return position + 1
        case "[":
            end = _closing_bracket(text, position)
            items.append(PatternItem(Chars(_members(text, position + 1, end))))
            return end + 1
        case "\\":
            if text[position + 1 : position + 2] not in _ESCAPABLE:
                raise PatternError(text, position, "`\\` can only escape punctuation; write `\\\\` for a backslash")
            items.append(PatternItem(Chars(frozenset(text[position + 1]))))
            return position + 2
        case char:
            items.append(PatternItem(Chars(frozenset(char))))
            return position + 1


def _take_star(text: str, position: int, items: list[PatternItem]) -> int:
    if not text.startswith("**", position):
        items.append(PatternItem(NOT_SLASH, Repeat.MANY))
        return position + 1
    begins_folder = not items or items[-1] in (PatternItem(SLASH), FOLDERS)
    if begins_folder and text.startswith("**/", position):
        items.append(FOLDERS)
        return position + 3
    items.append(PatternItem(ANY, Repeat.MANY))
    return position + 2


def _repeat_last(text: str, position: int, start: int, items: list[PatternItem]) -> None:
    if position == start and len(text) > start + 1:
        # On GitHub, a repetition at the start repeats the start: `?x` matches `x` anywhere, and `+x` is `x`.
        items += [PatternItem(ANY, Repeat.MANY)] if text[position] == "?" else []
        return
    if not items or items[-1].repeat is not Repeat.ONE:
        raise PatternError(text, position, f"`{text[position]}` must follow a plain character or `[...]`")
    repeated = items[-1].chars
    if text[position] == "?":
        items[-1] = PatternItem(repeated, Repeat.MAYBE)
    else:
        items.append(PatternItem(repeated, Repeat.MANY))


def _closing_bracket(text: str, opening: int) -> int:
    end = text.find("]", opening)
    if end < 0:
        raise PatternError(text, opening, "`[` is not closed; write `\\[` to match the character")
    if end == opening + 1:
        raise PatternError(text, opening, "`[]` contains no character")
    return end


def _members(text: str, position: int, end: int) -> frozenset[str]:
    members: set[str] = set()
    while position < end:
        _need_alphanumeric(text, position)
        if text[position + 1] != "-":
            members.add(text[position])
            position += 1
            continue
        _need_alphanumeric(text, position + 2)
        members.update(_range(text, position))
        position += 3
    return frozenset(members)


def _need_alphanumeric(text: str, position: int) -> None:
    if text[position].isascii() and text[position].isalnum():
        return
    if text[position] in "^!":
        raise PatternError(text, position, _HINT_NEGATION)
    raise PatternError(text, position, "only a-z, A-Z, 0-9 and ranges of these are allowed inside `[...]`")


def _range(text: str, position: int) -> list[str]:
    first, last = text[position], text[position + 2]
    if first.isdigit() != last.isdigit() or first > last:
        raise PatternError(text, position, f"`{first}-{last}` is not a valid range: use one within A-z or 0-9")
    return [chr(code) for code in range(ord(first), ord(last) + 1)]
