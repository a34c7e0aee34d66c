"""The rules for valid names of files, refs and repositories, checked one character after the other."""

from enum import Enum
from itertools import count

_REPOSITORY_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-/")
_NOT_IN_A_REF = frozenset(" ~^:?*[\\\x7f") | frozenset(map(chr, range(32)))
_LOCK = ".lock"
# States of a ref, by the characters that it ends with.
_INSIDE, _AT = len(_LOCK) + 1, len(_LOCK) + 2


class Names(Enum):
    """Kinds of names: non-empty parts separated by slashes. The state of a name is a number, initially 0."""

    PATHS = "paths"
    REFS = "refs"  # branches and tags: https://git-scm.com/docs/git-check-ref-format
    REPOSITORIES = "repositories"  # owner/name in lower case

    @property
    def special_characters(self) -> frozenset[str]:
        """The characters that have a meaning in the rules of such names."""
        return frozenset("/@{" + _LOCK) if self is Names.REFS else frozenset("/")

    def characters(self, named: frozenset[str]) -> frozenset[str]:
        """The characters of `named` that such a name may contain, and one that represents all others."""
        if self is Names.REPOSITORIES:
            return _REPOSITORY_CHARACTERS
        distinct = named | self.special_characters
        other = next(char for char in map(chr, count(ord("a"))) if char not in distinct)
        return distinct - (_NOT_IN_A_REF if self is Names.REFS else frozenset()) | {other}

    def step(self, state: int, char: str) -> int | None:
        """The state after `char`, or None if it is not allowed there."""
        match self:
            case Names.PATHS:
                return _step_of_path(state, char)
            case Names.REFS:
                return _step_of_ref(state, char)
            case Names.REPOSITORIES:
                return _step_of_repository(state, char)

    def may_end(self, state: int) -> bool:
        """Whether a name may end in this state."""
        match self:
            case Names.PATHS:
                return state == 1
            case Names.REFS:
                return state not in (0, 1, len(_LOCK))
            case Names.REPOSITORIES:
                return state == 3


def _step_of_path(state: int, char: str) -> int | None:
    """0: a part begins; 1: within one."""
    if char != "/":
        return 1
    return 0 if state else None


def _step_of_repository(state: int, char: str) -> int | None:
    """0: the owner begins; 1: within it; 2: the name begins; 3: within it."""
    if char != "/":
        return state | 1
    return 2 if state == 1 else None


def _step_of_ref(state: int, char: str) -> int | None:
    """0: a part begins; 1 to 5: it ends with that many characters of `.lock`; then: within it, and after an @."""
    match char:
        case "/":
            return None if state in (0, len(_LOCK)) else 0
        case ".":
            return None if state in (0, 1) else 1
        case "{":
            return None if state == _AT else _INSIDE
        case "@":
            return _AT
        case _:
            return state + 1 if 0 < state < len(_LOCK) and _LOCK[state] == char else _INSIDE
