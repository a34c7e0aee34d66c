"""Decide whether a name exists that several lists of patterns all match.

The automata of all patterns read the same name together, one character after the other and breadth first, until every
list matches a name or no name is left to try. Characters that no pattern distinguishes count as one.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import cache
from itertools import chain, groupby, islice, takewhile
from os.path import commonprefix
from typing import Literal

from msgspec import Struct

from pointsman.core.patterns.automaton import Automaton
from pointsman.core.patterns.name_index import Shape
from pointsman.core.patterns.names import Names
from pointsman.core.patterns.pattern import Pattern, PatternList, compile_pattern

MOST_STATES = 20_000
MOST_STEPS = 1_000_000  # of single automata: well below a second


class Filter(Struct, frozen=True):
    """A list of patterns, or an -ignore list, in which `!` re-includes names that earlier patterns ignore."""

    texts: tuple[str, ...]
    ignores: bool = False

    @property
    def positive(self) -> tuple[str, ...]:
        """The patterns without `!`. Unless the list ignores, one of them matches every accepted name."""
        return tuple(text for text in self.texts if not text.startswith("!"))

    def accepts(self, name: str) -> bool:
        """Whether the list accepts a name."""
        hit = PatternList(self.texts).decide(name)
        return self.ignores if hit is None else hit.included != self.ignores


class Satisfiable(Enum):
    """Whether a name exists."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"  # too many names to try


class Language:
    """Decides and caches the answers. All decisions together take at most `steps`."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._steps = steps
        self._cache: dict[tuple[frozenset[Filter], Names], Satisfiable] = {}

    def any_name_matching(self, filters: Iterable[Filter], names: Names = Names.PATHS) -> Satisfiable:
        """Whether a name exists that all `filters` accept."""
        key = frozenset(filters), names
        if key not in self._cache:
            self._cache[key] = self._search(*key)
        return self._cache[key]

    def _search(self, filters: frozenset[Filter], names: Names) -> Satisfiable:
        """Try one pattern without `!` of each list first, which is often enough, then whole lists."""
        ordered = sorted(filters, key=lambda each: (each.texts, each.ignores))
        undecided = False
        for chosen in self._combinations([each.positive for each in ordered if not each.ignores]):
            name = self._walk([Filter((text,)) for text in chosen], names)
            if isinstance(name, str) and all(each.accepts(name) for each in ordered):
                return Satisfiable.YES
            undecided |= name is not Satisfiable.NO
        if self._steps <= 0:
            return Satisfiable.UNDECIDED
        if not undecided:
            return Satisfiable.NO
        name = self._walk(ordered, names)
        return Satisfiable.YES if isinstance(name, str) else name

    def _combinations(self, lists: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        """Yield one pattern of each list, unless their fixed texts exclude each other, while steps are left."""
        if not lists:
            yield ()
            return
        *others, last = lists
        by_prefix = _by_prefix(last)
        if any(_prefixes_conflict(_by_prefix(each).common, by_prefix.common) for each in others):
            return
        for chosen in self._combinations(others):
            shapes = [compile_pattern(text).shape for text in chosen]
            for text, shape in by_prefix.compatible_with(shapes[-1].prefix if shapes else ""):
                self._steps -= 1
                if self._steps <= 0:
                    return
                if not any(_shapes_conflict(each, shape) for each in shapes):
                    yield (*chosen, text)

    def _walk(self, filters: Sequence[Filter], names: Names) -> str | Literal[Satisfiable.NO, Satisfiable.UNDECIDED]:
        if self._steps <= 0:
            return Satisfiable.UNDECIDED
        walk = _Walk(filters, names)
        name = walk.search(min(self._steps, MOST_STEPS))
        self._steps -= walk.steps
        return name


class _PatternsByPrefix:
    """Patterns by the fixed text that they begin with."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._sorted = sorted(((text, compile_pattern(text).shape) for text in texts), key=_prefix_of)
        self._prefixes = [_prefix_of(each) for each in self._sorted]
        self._exactly = {prefix: list(each) for prefix, each in groupby(self._sorted, key=_prefix_of)}
        self.common = commonprefix(self._prefixes)  # noqa: RUF071 - characters, not folders

    def compatible_with(self, prefix: str) -> Iterator[tuple[str, Shape]]:
        """The patterns whose prefix begins with `prefix`, or the other way round."""
        for length in range(len(prefix)):
            yield from self._exactly.get(prefix[:length], ())
        longer = islice(self._sorted, bisect_left(self._prefixes, prefix), None)
        yield from takewhile(lambda each: each[1].prefix.startswith(prefix), longer)


def _prefix_of(pattern: tuple[str, Shape]) -> str:
    return pattern[1].prefix


@cache
def _by_prefix(texts: tuple[str, ...]) -> _PatternsByPrefix:
    return _PatternsByPrefix(texts)


def _shapes_conflict(one: Shape, other: Shape) -> bool:
    ends = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    return not ends or _prefixes_conflict(one.prefix, other.prefix)


def _prefixes_conflict(one: str, other: str) -> bool:
    """Whether no text can begin with both."""
    return not (one.startswith(other) or other.startswith(one))


type _State = tuple[int, tuple[int, ...]]  # of the name, and of each automaton


class _Walk:
    """One search for a name."""

    def __init__(self, filters: Sequence[Filter], names: Names) -> None:
        self._names = names
        self._automata: list[Automaton] = []
        indexes: dict[str, int] = {}
        self._filters: list[tuple[bool, list[tuple[int, bool]]]] = []
        for each in filters:
            patterns = [compile_pattern(text) for text in each.texts]
            last_first = [(self._index(pattern, indexes), pattern.negated) for pattern in reversed(patterns)]
            self._filters.append((each.ignores, last_first))
        self._positive = [
            [index for index, negated in patterns if not negated] for ignores, patterns in self._filters if not ignores
        ]
        self._alphabet = list(_alphabet(self._automata, names))
        self.steps = 0

    def _index(self, pattern: Pattern, indexes: dict[str, int]) -> int:
        """The index of the pattern's automaton. Patterns that only differ by `!` share one."""
        text = pattern.text.removeprefix("!") if pattern.negated else pattern.text
        if text not in indexes:
            indexes[text] = len(self._automata)
            self._automata.append(_automaton(pattern.text))
        return indexes[text]

    def search(self, most_steps: int) -> str | Literal[Satisfiable.NO, Satisfiable.UNDECIDED]:
        """Find the shortest name that all filters accept."""
        start: _State = 0, tuple(each.start for each in self._automata)
        seen, waiting = {start}, deque([(start, "")])
        while waiting:
            if len(seen) > MOST_STATES or self.steps > most_steps:
                return Satisfiable.UNDECIDED
            state, name = waiting.popleft()
            for char, after in self._after(state):
                if after in seen:
                    continue
                if self._is_accepted(after):
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
                successors = tuple([each.step(at, char) for each, at in zip(self._automata, states, strict=True)])
                if not self._is_hopeless(successors):
                    yield char, (after, successors)

    def _is_hopeless(self, states: tuple[int, ...]) -> bool:
        """Whether some list has no pattern left that could still match the name."""
        for indexes in self._positive:
            for index in indexes:
                if states[index]:
                    break
            else:
                return True
        return False

    def _is_accepted(self, state: _State) -> bool:
        name, states = state
        return self._names.may_end(name) and all(self._accepts(states, *each) for each in self._filters)

    def _accepts(self, states: tuple[int, ...], ignores: bool, last_first: list[tuple[int, bool]]) -> bool:
        for index, negated in last_first:
            if self._automata[index].accepts(states[index]):
                return negated == ignores
        return ignores


@cache
def _automaton(text: str) -> Automaton:
    return Automaton(compile_pattern(text).items)


def _alphabet(automata: Iterable[Automaton], names: Names) -> Iterator[str]:
    """One character of each kind that the automata distinguish."""
    sets = list(dict.fromkeys(chain.from_iterable(each.sets for each in automata)))
    named = frozenset(chain.from_iterable(chars.members for chars in sets if chars.members is not None))
    kinds: dict[tuple[str, tuple[bool, ...]], str] = {}
    for char in sorted(names.characters(named)):
        kinds.setdefault(
            (char if char in names.special_characters else "", tuple(char in chars for chars in sets)), char
        )
    yield from kinds.values()
