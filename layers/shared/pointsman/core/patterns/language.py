"""Whether there is a name that lists of patterns take, all of them at once: decided, not guessed.

The automata of all patterns read the same name together, one character after the other and breadth first, until a name
is found that every list takes or none is left to try. Characters that no pattern tells apart count as one.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import chain, groupby, islice, takewhile
from os.path import commonprefix
from typing import Literal

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.name_index import Shape
from pointsman.core.patterns.names import Names
from pointsman.core.patterns.pattern import Pattern, PatternList, compile_pattern

MOST_STATES = 20_000
MOST_STEPS = 1_000_000  # of single automata: well below a second


@dataclass(frozen=True, slots=True)
class Filter:
    """A list of patterns, or an -ignore list, in which `!` keeps what patterns above it ignore."""

    texts: tuple[str, ...]
    ignores: bool = False

    @property
    def taking(self) -> tuple[str, ...]:
        """The patterns without `!`: of a list that is no -ignore list, one of them matches whatever is taken."""
        return tuple(text for text in self.texts if not text.startswith("!"))

    def takes(self, name: str) -> bool:
        """Whether a name is taken."""
        hit = PatternList(self.texts).decide(name)
        return self.ignores if hit is None else hit.included != self.ignores


class Satisfiable(Enum):
    """The answer."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"  # too much to try


class Language:
    """Answers, and keeps what it has answered. All answers together take no more than `steps`."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._steps = steps
        self._known: dict[tuple[frozenset[Filter], Names], Satisfiable] = {}

    def any_name_matching(self, filters: Iterable[Filter], names: Names = Names.PATHS) -> Satisfiable:
        """Whether a name exists that every one of `filters` takes."""
        asked = frozenset(filters), names
        if asked not in self._known:
            self._known[asked] = self._search(*asked)
        return self._known[asked]

    def _search(self, filters: frozenset[Filter], names: Names) -> Satisfiable:
        """First by the patterns that take names, one of each list, which often tells; then by whole lists."""
        ordered = sorted(filters, key=lambda each: (each.texts, each.ignores))
        undecided = False
        for chosen in self._together([each.taking for each in ordered if not each.ignores]):
            name = self._walk([Filter((text,)) for text in chosen], names)
            if isinstance(name, str) and all(each.takes(name) for each in ordered):
                return Satisfiable.YES
            undecided |= name is not Satisfiable.NO
        if self._steps <= 0:
            return Satisfiable.UNDECIDED
        if not undecided:
            return Satisfiable.NO
        name = self._walk(ordered, names)
        return Satisfiable.YES if isinstance(name, str) else name

    def _together(self, lists: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        """One pattern of each list, wherever their fixed text alone does not keep them apart, while steps are left."""
        if not lists:
            yield ()
            return
        *others, last = lists
        near = _near(last)
        if any(_part_ways(_near(each).common, near.common) for each in others):
            return
        for chosen in self._together(others):
            shapes = [compile_pattern(text).shape for text in chosen]
            for text, shape in near.to(shapes[-1].prefix if shapes else ""):
                self._steps -= 1
                if self._steps <= 0:
                    return
                if not any(_differ(each, shape) for each in shapes):
                    yield (*chosen, text)

    def _walk(self, filters: Sequence[Filter], names: Names) -> str | Literal[Satisfiable.NO, Satisfiable.UNDECIDED]:
        if self._steps <= 0:
            return Satisfiable.UNDECIDED
        walk = _Walk(filters, names)
        found = walk.search(min(self._steps, MOST_STEPS))
        self._steps -= walk.steps
        return found


class _Near:
    """Patterns by the text that they begin with."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sorted = sorted(((text, compile_pattern(text).shape) for text in texts), key=_prefix_of)
        self._prefixes = [_prefix_of(each) for each in self._sorted]
        self._exactly = {prefix: list(each) for prefix, each in groupby(self._sorted, key=_prefix_of)}
        self.common = commonprefix(self._prefixes)  # noqa: RUF071 - characters, not folders

    def to(self, prefix: str) -> Iterator[tuple[str, Shape]]:
        """Those whose prefix is a beginning of `prefix`, or begins with it."""
        for length in range(len(prefix)):
            yield from self._exactly.get(prefix[:length], ())
        longer = islice(self._sorted, bisect_left(self._prefixes, prefix), None)
        yield from takewhile(lambda each: each[1].prefix.startswith(prefix), longer)


def _prefix_of(pattern: tuple[str, Shape]) -> str:
    return pattern[1].prefix


@cache
def _near(texts: tuple[str, ...]) -> _Near:
    return _Near(texts)


def _differ(one: Shape, other: Shape) -> bool:
    ends = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    return not ends or _part_ways(one.prefix, other.prefix)


def _part_ways(one: str, other: str) -> bool:
    """Whether nothing begins with both."""
    return not (one.startswith(other) or other.startswith(one))


type _State = tuple[int, tuple[int, ...]]  # of the name, and of each automaton


class _Walk:
    """One search."""

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

    def search(self, most_steps: int) -> str | Literal[Satisfiable.NO, Satisfiable.UNDECIDED]:
        """The shortest name, if there is one."""
        start: _State = 0, tuple(each.start for each in self._automata)
        seen, waiting = {start}, deque([(start, "")])
        while waiting:
            if len(seen) > MOST_STATES or self.steps > most_steps:
                return Satisfiable.UNDECIDED
            state, name = waiting.popleft()
            for char, after in self._after(state):
                if after in seen:
                    continue
                if self._is_taken(after):
                    return name + char
                seen.add(after)
                waiting.append((after, name + char))
        return Satisfiable.NO

    def _after(self, state: _State) -> Iterator[tuple[str, _State]]:
        name, states = state
        for char in self._alphabet:
            after = self._names.step(name, char)
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
        return self._names.may_end(name) and all(self._takes(states, *each) for each in self._filters)

    def _takes(self, states: tuple[int, ...], ignores: bool, last_first: list[tuple[int, bool]]) -> bool:
        for place, negated in last_first:
            if self._automata[place].accepts(states[place]):
                return negated == ignores
        return ignores


@cache
def _automaton(text: str) -> Automaton:
    return Automaton(compile_pattern(text).items)


def _alphabet(automata: Iterable[Automaton], names: Names) -> Iterator[str]:
    """One character for each kind that the automata tell apart."""
    sets = list(dict.fromkeys(chain.from_iterable(each.sets for each in automata)))
    named = frozenset(chain.from_iterable(chars.members for chars in sets if chars.members is not None))
    kinds: dict[tuple[str, tuple[bool, ...]], str] = {}
    for char in sorted(names.characters(named)):
        kinds.setdefault((char if char in names.told_apart else "", tuple(char in chars for chars in sets)), char)
    yield from kinds.values()
