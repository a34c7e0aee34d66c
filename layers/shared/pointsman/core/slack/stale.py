"""Which rollouts have a message that is known to be out of date, so that they are shown once that is possible.

A rollout that has ended brings no event that would show it: without this list its message would say "running" for ever.
"""

from collections.abc import Collection
from typing import Protocol

from pointsman.core.model import Value
from pointsman.errors import Conflict, Unavailable

MOST_KEPT = 5_000  # ids of about 20 characters: a third of what an item may hold
LOST_RACES_ALLOWED = 5


class Stale(Value):
    """The rollouts whose message is out of date, the longest untried first."""

    rollouts: tuple[str, ...] = ()
    version: int = 0  # writes so far; 0 means not stored yet

    def changed(self, failed: Collection[str], settled: Collection[str]) -> "Stale":
        """With `failed` at the end and without `settled`. Raises Unavailable when the list is full: none is dropped."""
        kept = [rollout for rollout in self.rollouts if rollout not in failed and rollout not in settled]
        rollouts = (*kept, *failed)
        if len(rollouts) > MOST_KEPT:
            raise Unavailable(f"the list of stale messages is full: {MOST_KEPT} rollouts")
        return self.model_copy(update={"rollouts": rollouts})


class StaleStore(Protocol):
    """Where the list is kept."""

    def load_stale(self) -> Stale:
        """The list; an empty one when it was never stored. Raises Unavailable."""

    def save_stale(self, stale: Stale) -> None:
        """Store `stale` over the version it has. Raises Conflict, Unavailable."""


def note(store: StaleStore, read: Stale, failed: Collection[str], settled: Collection[str]) -> Stale:
    """Keep the list true to what an invocation found that read it as `read` before. Raises Unavailable.

    Where the list has moved since, none is taken off it: somebody else may have put it there for a later event.
    """
    changed = read.changed(failed, settled)
    for _ in range(LOST_RACES_ALLOWED):
        if changed.rollouts == read.rollouts:
            return read
        try:
            store.save_stale(changed)
        except Conflict:
            read = store.load_stale()
            changed = read.changed(failed, ())
        else:
            return changed
    raise Unavailable("the list of stale messages keeps moving")
