"""Whether there is a name that lists of patterns take, all of them at once: decided, not guessed.

The automata of all patterns read the same name together, one character after the other and breadth first, until a name
is found that every list takes or none is left to try. Characters that no pattern tells apart count as one.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import chain, combinations, count, product
from typing import Literal

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.items import Chars
from pointsman.core.patterns.name_index import Shape
from pointsman.core.patterns.pattern import Pattern, PatternList, compile_pattern

MOST_STATES = 20_000
MOST_STEPS = 1_000_000  # of single automata: well below a second
_REPOSITORY_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-/")


class Names(Enum):
    """What can be a name: parts with a slash between them, none of them empty."""

    PATHS = "paths"  # and refs
    REPOSITORIES = "repositories"  # owner/name in lower case

    @property
    def characters(self) -> frozenset[str] | None:
        """The only characters that may be in one; None: any."""
        return _REPOSITORY_CHARACTERS if self is Names.REPOSITORIES else None


@dataclass(frozen=True, slots=True)
class Filter:
    """A list of patterns, or an -ignore list."""

    texts: tuple[str, ...]
    ignores: bool = False

    @property
    def taking(self) -> tuple[str, ...]:
        """The patterns without `!`: of a list that is no -ignore list, one of them matches whatever is taken."""
        return tuple(text for text in self.texts if not text.startswith("!"))

    def takes(self, name: str) -> bool:
        """Whether a name is taken."""
        hit = PatternList(self.texts).decide(name)
        return self.ignores if hit is None else hit.included and not self.ignores


class Some(Enum):
    """The answer."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"  # too much to try


class Language:
    """Answers, and keeps what it has answered. All answers together take no more than `steps`."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._steps = steps
        self._known: dict[tuple[frozenset[Filter], Names], Some] = {}

    def some_name(self, filters: Iterable[Filter], names: Names = Names.PATHS) -> Some:
        """Whether a name exists that every one of `filters` takes."""
        asked = frozenset(filters), names
        if asked not in self._known:
            self._known[asked] = self._search(*asked)
        return self._known[asked]

    def _search(self, filters: frozenset[Filter], names: Names) -> Some:
        """First by the patterns that take names, one of each list, which often tells; then by whole lists."""
        ordered = sorted(filters, key=lambda each: (each.texts, each.ignores))
        undecided = False
        for chosen in product(*(each.taking for each in ordered if not each.ignores)):
            if _apart(chosen):
                continue
            name = self._walk([Filter((text,)) for text in chosen], names)
            if isinstance(name, str) and all(each.takes(name) for each in ordered):
                return Some.YES
            undecided |= name is not Some.NO
        if not undecided:
            return Some.NO
        name = self._walk(ordered, names)
        return Some.YES if isinstance(name, str) else name

    def _walk(self, filters: Sequence[Filter], names: Names) -> str | Literal[Some.NO, Some.UNDECIDED]:
        if self._steps <= 0:
            return Some.UNDECIDED
        walk = _Walk(filters, names)
        found = walk.search(min(self._steps, MOST_STEPS))
        self._steps -= walk.steps
        return found


def _apart(texts: Sequence[str]) -> bool:
    """Whether the fixed text of patterns alone tells that no name matches two of them."""
    return any(
        _differ(compile_pattern(one).shape, compile_pattern(other).shape) for one, other in combinations(texts, 2)
    )


def _differ(one: Shape, other: Shape) -> bool:
    begins = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    ends = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    return not (begins and ends)


type _State = tuple[int, tuple[int, ...]]  # of the name, and of each automaton


class _Walk:
    """One search. Of a name's state, bit 0 tells whether it may end here, the others count its slashes."""

    def __init__(self, filters: Sequence[Filter], names: Names) -> None:
        self._names = names
        self._automata: list[Automaton] = []
        places: dict[str, int] = {}
        self._filters: list[tuple[bool, list[tuple[int, bool]]]] = []
        for each in filters:
            patterns = [compile_pattern(text) for text in each.texts]
            last_first = [(self._place(pattern, places), pattern.negated) for pattern in reversed(patterns)]
            self._filters.append((each.ignores, last_first))
        self._taking = [
            [place for place, negated in patterns if not negated] for ignores, patterns in self._filters if not ignores
        ]
        self._alphabet = list(_alphabet(self._automata, names))
        self.steps = 0

    def _place(self, pattern: Pattern, places: dict[str, int]) -> int:
        """Where the pattern's automaton stands; patterns that differ by `!` alone share one."""
        text = pattern.text.removeprefix("!") if pattern.negated else pattern.text
        if text not in places:
            places[text] = len(self._automata)
            self._automata.append(_automaton(pattern.text))
        return places[text]

    def search(self, most_steps: int) -> str | Literal[Some.NO, Some.UNDECIDED]:
        """The shortest name, if there is one."""
        start: _State = 0, tuple(each.start for each in self._automata)
        seen, waiting = {start}, deque([(start, "")])
        while waiting:
            if len(seen) > MOST_STATES or self.steps > most_steps:
                return Some.UNDECIDED
            state, name = waiting.popleft()
            for char, after in self._after(state):
                if after in seen:
                    continue
                if self._is_taken(after):
                    return name + char
                seen.add(after)
                waiting.append((after, name + char))
        return Some.NO

    def _after(self, state: _State) -> Iterator[tuple[str, _State]]:
        name, states = state
        for char in self._alphabet:
            after = _step_of_name(name, char, self._names)
            if after is not None:
                self.steps += len(states)
                reached = tuple([each.step(at, char) for each, at in zip(self._automata, states, strict=True)])
                if not self._is_hopeless(reached):
                    yield char, (after, reached)

    def _is_hopeless(self, states: tuple[int, ...]) -> bool:
        """Whether a list has no pattern left that could still take the name."""
        for places in self._taking:
            for place in places:
                if states[place]:
                    break
            else:
                return True
        return False

    def _is_taken(self, state: _State) -> bool:
        name, states = state
        if not name & 1 or (self._names is Names.REPOSITORIES and name >> 1 != 1):
            return False
        return all(self._takes(states, *each) for each in self._filters)

    def _takes(self, states: tuple[int, ...], ignores: bool, last_first: list[tuple[int, bool]]) -> bool:
        for place, negated in last_first:
            if self._automata[place].accepts(states[place]):
                return not ignores and not negated
        return ignores


def _step_of_name(state: int, char: str, names: Names) -> int | None:
    """The name's state after `char`; None where no name has it there."""
    if char != "/":
        return state | 1
    if not state & 1:
        return None
    if names is Names.PATHS:
        return 0
    return None if state >> 1 else 2


@cache
def _automaton(text: str) -> Automaton:
    return Automaton(compile_pattern(text).items)


def _alphabet(automata: Iterable[Automaton], names: Names) -> Iterator[str]:
    """One character for each kind that the automata tell apart."""
    sets = list(dict.fromkeys(chain.from_iterable(each.sets for each in automata)))
    named = frozenset("/").union(*(chars.members for chars in sets if chars.members is not None))
    allowed = names.characters
    if allowed is None:
        others = (char for char in map(chr, count(ord("a"))) if char not in named)
        characters = {*named, next(others)}
    else:
        characters = {*allowed}
    kinds: dict[tuple[bool, ...], str] = {}
    for char in sorted(characters):
        kinds.setdefault((char == "/", *_memberships(char, sets)), char)
    yield from kinds.values()


def _memberships(char: str, sets: Iterable[Chars]) -> Iterator[bool]:
    return (char in chars for chars in sets)
