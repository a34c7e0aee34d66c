"""What lists of patterns can take at all: decided for every possible name at once, by walking their automata together.

A name is a text of segments with single slashes between them. Characters that no pattern tells apart are one: the walk
needs only those that stand in a pattern, the slash, and one that stands for all others.
"""

from collections import deque
from collections.abc import Iterable
from functools import cache

from pointsman.core.pattern_automaton import Automaton
from pointsman.core.pattern_items import Item
from pointsman.core.patterns import PatternList, compile_pattern

# Beyond this many states nothing is claimed.
MOST_STATES = 5_000
_ANY_OTHER = "\0"  # stands in no pattern and in no name

type State = tuple[int, ...]


def takes_nothing(listed: PatternList) -> bool:
    """Whether no possible name is taken by `listed`: none, or the last that matches begins with `!`."""
    return not _meet((tuple(pattern.text for pattern in listed.patterns),))


def meet(*lists: PatternList) -> bool:
    """Whether some possible name is taken by all of `lists`; True where that would take too long to tell."""
    return _meet(tuple(tuple(pattern.text for pattern in listed.patterns) for listed in lists))


@cache
def _meet(lists: tuple[tuple[str, ...], ...]) -> bool:
    texts = list(dict.fromkeys(text for listed in lists for text in listed))
    patterns = [compile_pattern(text) for text in texts]
    automata = [Automaton(pattern.items) for pattern in patterns]
    places = [[texts.index(text) for text in listed] for listed in lists]
    negated = [pattern.negated for pattern in patterns]
    letters = _letters(item for pattern in patterns for item in pattern.items)

    def is_taken(state: State) -> bool:
        matching = [automaton.accepts(states) for automaton, states in zip(automata, state, strict=True)]
        return all(_decides(listed, matching, negated) for listed in places)

    start: tuple[State, bool] = (tuple(automaton.start for automaton in automata), False)
    seen, waiting = {start}, deque([start])
    while waiting:
        state, in_segment = waiting.popleft()
        if in_segment and is_taken(state):
            return True
        if len(seen) > MOST_STATES:
            return True
        for letter in letters:
            if letter == "/" and not in_segment:
                continue
            states = tuple(automaton.step(each, letter) for automaton, each in zip(automata, state, strict=True))
            following = (states, letter != "/")
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _decides(listed: Iterable[int], matching: list[bool], negated: list[bool]) -> bool:
    """Whether the last pattern of a list that matches has no `!`."""
    last = [place for place in listed if matching[place]]
    return bool(last) and not negated[last[-1]]


def _letters(items: Iterable[Item]) -> list[str]:
    """One character of each kind that the patterns tell apart."""
    sets = {item.chars.members for item in items if item.chars.members is not None}
    named = sorted({char for members in sets for char in members} | {"/"})
    kinds: dict[tuple[bool, ...], str] = {}
    for char in named:
        if char != "/":
            kinds.setdefault(tuple(char in members for members in sets), char)
    return [*kinds.values(), "/", _ANY_OTHER]
