"""Match any pattern in time linear in the name: an automaton whose states are built when a name first needs them.

It is slower than a regular expression by an order of magnitude. It searches for possible names (language.py), and
matches the patterns that neither `linear_regex` nor RE2 can express.
"""

from collections.abc import Sequence

from pointsman.core.patterns.items import ANY, SLASH, Chars, PatternItem, Repeat

STEPS_CACHED = 10_000


class Automaton:
    """Matches whole names. A set of states is an integer with one bit for each."""

    def __init__(self, items: Sequence[PatternItem]) -> None:
        self._edges: list[list[tuple[Chars, int]]] = [[]]
        self._epsilon: list[list[int]] = [[]]  # states that are reached without a character
        for item in items:
            self._add(item)
        self._final = 1 << (len(self._edges) - 1)
        self.start = self._closure(1)
        self._steps: dict[tuple[int, str], int] = {}

    def fullmatch(self, name: str) -> bool:
        """Whether the pattern matches all of `name`."""
        states = self.start
        for char in name:
            cached = self._steps.get((states, char))
            states = self._step(states, char) if cached is None else cached
            if not states:
                return False
        return self.accepts(states)

    def step(self, states: int, char: str) -> int:
        """The states that `char` leads to, or 0 if no name continues with it."""
        cached = self._steps.get((states, char))
        return self._step(states, char) if cached is None else cached

    def accepts(self, states: int) -> bool:
        """Whether a name may end in `states`."""
        return bool(states & self._final)

    @property
    def sets(self) -> frozenset[Chars]:
        """The sets of characters that it distinguishes."""
        return frozenset(chars for edges in self._edges for chars, _ in edges)

    def _add(self, item: PatternItem) -> None:
        here = len(self._edges) - 1
        if item.repeat is Repeat.FOLDERS:
            self._edges += [[], []]
            self._epsilon += [[], []]
            self._epsilon[here] += [here + 1, here + 2]
            self._edges[here + 1] += [(ANY, here + 1), (SLASH, here + 2)]
            return
        self._edges.append([])
        self._epsilon.append([])
        self._edges[here].append((item.chars, here if item.repeat is Repeat.MANY else here + 1))
        if item.repeat is not Repeat.ONE:
            self._epsilon[here].append(here + 1)

    def _closure(self, states: int) -> int:
        # These moves only lead forward, so one pass in order finds them all.
        for state, reached in enumerate(self._epsilon):
            if states >> state & 1:
                for other in reached:
                    states |= 1 << other
        return states

    def _step(self, states: int, char: str) -> int:
        reached = 0
        for state, edges in enumerate(self._edges):
            if states >> state & 1:
                for chars, target in edges:
                    if char in chars:
                        reached |= 1 << target
        reached = self._closure(reached)
        if len(self._steps) >= STEPS_CACHED:
            self._steps.clear()
        self._steps[states, char] = reached
        return reached
