"""Changes to JSON documents that keep most of their structure."""

import copy
import random
from collections.abc import Iterator
from typing import Any

HOSTILE = (
    "",
    " ",
    "<!channel>",
    "<@U012345>",
    "<https://evil.example|here>",
    "$(touch /tmp/x)",
    "{{ 7*7 }}",
    "'; DROP TABLE audit; --",
    "../../etc/passwd",
    "\x00",
    "\x1b[31mred",
    "\u202egnp.exe",
    "\u200b",
    "\ud800",
    "e\u0301",
    "ROLLOUT#r-1",
    "r-0000000000000000#",
    "x" * 5_000,
    "🦜" * 300,
    "%s%n",
    "null",
    "arn:aws:codebuild:::build/",
    "arn:aws:codebuild:eu-west-1:999999999999:build/pointsman:1",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**40,
    1e308,
    -0.0,
    float("inf"),
    float("nan"),
    [],
    {},
    [[]],
    [{}],
    "7",
)

type Place = tuple[str | int, ...]


def mutated(document: Any, chance: random.Random) -> Any:
    """A copy with one to four changes."""
    changed = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        places = list(_places(changed))
        if places:
            _change(changed, chance.choice(places), chance)
    return changed


def _places(value: Any, here: Place = ()) -> Iterator[Place]:
    if here:
        yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*here, key))


def _change(document: Any, place: Place, chance: random.Random) -> None:
    *way, last = place
    holder = document
    for step in way:
        holder = holder[step]
    match chance.randrange(7):
        case 0:
            del holder[last]
        case 1:
            holder[last] = chance.choice(HOSTILE)
        case 2:
            holder[last] = copy.deepcopy(chance.choice(ODD))
        case 3:
            holder[last] = [holder[last]] * chance.choice((1, 2, 50))
        case 4:
            holder[last] = _deep(holder[last], chance.choice((2, 30)))
        case 5 if isinstance(holder, dict):
            holder[chance.choice(HOSTILE)] = chance.choice(ODD)
        case _:
            holder[last] = f"{holder[last]}{chance.choice(HOSTILE)}"


def _deep(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = {"inner": value}
    return value
