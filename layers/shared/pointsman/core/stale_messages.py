"""Which rollouts Slack refused to show, so that they are shown once it takes messages again.

A rollout that has ended brings no event that would show it: without this list its message would say "running" for ever.
"""

from collections.abc import Collection
from typing import Protocol

from pointsman.core.model import Value
from pointsman.errors import Conflict, Unavailable

MOST_KEPT = 100  # the newest; what is beyond them, the trail has
LOST_RACES_ALLOWED = 5


class Stale(Value):
    """The rollouts whose message is known to be out of date, the longest known first."""

    rollouts: tuple[str, ...] = ()
    version: int = 0  # writes so far; 0 means not stored yet

    def changed(self, refused: Collection[str], settled: Collection[str]) -> "Stale":
        """With `refused` at the end and without `settled`."""
        kept = [rollout for rollout in self.rollouts if rollout not in refused and rollout not in settled]
        return self.model_copy(update={"rollouts": tuple([*kept, *refused][-MOST_KEPT:])})


class StaleStore(Protocol):
    """Where the list is kept."""

    def load_stale(self) -> Stale:
        """The list; an empty one when it was never stored. Raises Unavailable."""

    def save_stale(self, stale: Stale) -> None:
        """Store `stale` over the version it has. Raises Conflict, Unavailable."""


def note(store: StaleStore, refused: Collection[str], settled: Collection[str]) -> None:
    """Keep the list true to what an invocation found. Raises Unavailable."""
    for _ in range(LOST_RACES_ALLOWED):
        stale = store.load_stale()
        changed = stale.changed(refused, settled)
        if changed == stale:
            return
        try:
            store.save_stale(changed)
        except Conflict:
            continue
        return
    raise Unavailable("the list of stale messages keeps moving")
