"""Any pattern, in time linear in the name: an automaton whose states are made when a name first needs them.

Slower than a regular expression by an order of magnitude. It reads names that are not there yet (language.py), and
matches the patterns for which `linear_regex` has no expression and RE2 no room.
"""

from collections.abc import Sequence

from pointsman.core.patterns.items import ANY, SLASH, Chars, Item, Repeat

STEPS_KEPT = 10_000


class Automaton:
    """Matches whole names. A set of states is an integer with one bit for each."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._edges: list[list[tuple[Chars, int]]] = [[]]
        self._free: list[list[int]] = [[]]  # states reached without a character
        for item in items:
            self._add(item)
        self._final = 1 << (len(self._edges) - 1)
        self.start = self._closure(1)
        self._steps: dict[tuple[int, str], int] = {}

    def fullmatch(self, name: str) -> bool:
        """Whether the pattern matches all of `name`."""
        states = self.start
        for char in name:
            known = self._steps.get((states, char))
            states = self._step(states, char) if known is None else known
            if not states:
                return False
        return self.accepts(states)

    def step(self, states: int, char: str) -> int:
        """The states that `char` leads to; 0 where no name goes on."""
        known = self._steps.get((states, char))
        return self._step(states, char) if known is None else known

    def accepts(self, states: int) -> bool:
        """Whether a name may end in `states`."""
        return bool(states & self._final)

    @property
    def sets(self) -> frozenset[Chars]:
        """The sets of characters that it tells apart."""
        return frozenset(chars for edges in self._edges for chars, _ in edges)

    def _add(self, item: Item) -> None:
        here = len(self._edges) - 1
        if item.repeat is Repeat.FOLDERS:
            self._edges += [[], []]
            self._free += [[], []]
            self._free[here] += [here + 1, here + 2]
            self._edges[here + 1] += [(ANY, here + 1), (SLASH, here + 2)]
            return
        self._edges.append([])
        self._free.append([])
        self._edges[here].append((item.chars, here if item.repeat is Repeat.MANY else here + 1))
        if item.repeat is not Repeat.ONE:
            self._free[here].append(here + 1)

    def _closure(self, states: int) -> int:
        # Free moves only lead forward, so one pass in order finds them all.
        for state, reached in enumerate(self._free):
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
        if len(self._steps) >= STEPS_KEPT:
            self._steps.clear()
        self._steps[states, char] = reached
        return reached
