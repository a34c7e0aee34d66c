"""The list of rollouts whose Slack message is out of date, so that they are retried later.

A rollout that has ended gets no more events: without this list its message would say "running" for ever.
"""

from collections.abc import Collection
from typing import Protocol

from pointsman.core.value import Value
from pointsman.errors import Conflict, Unavailable

MAX_STALE = 5_000  # ids of about 20 characters: a third of what an item may hold
MAX_CONFLICTS = 5


class StaleList(Value, kw_only=True, frozen=True):
    """The rollouts whose message is out of date, the one that was tried longest ago first."""

    rollouts: tuple[str, ...] = ()
    version: int = 0  # writes so far; 0 means not stored yet

    def after(self, failed: Collection[str], synced: Collection[str]) -> "StaleList":
        """Return the list with `failed` at the end and without `synced`. Raises Unavailable when it is full."""
        others = [rollout for rollout in self.rollouts if rollout not in failed and rollout not in synced]
        rollouts = (*others, *failed)
        if len(rollouts) > MAX_STALE:
            raise Unavailable(f"the list of stale messages is full ({MAX_STALE:,} rollouts)")
        return self.replace(rollouts=rollouts)


class StaleListStore(Protocol):
    """Keeps the list."""

    def load_stale(self) -> StaleList:
        """Return the list, empty when it was never stored. Raises Unavailable."""

    def save_stale(self, stale: StaleList) -> None:
        """Store `stale` over its version. Raises Conflict, Unavailable."""


def update_stale(
    store: StaleListStore, stale: StaleList, failed: Collection[str], synced: Collection[str]
) -> StaleList:
    """Add `failed` to the list that was loaded as `stale`, and remove `synced`. Raises Unavailable.

    If another writer changed the list meanwhile, nothing is removed: it may have added a rollout for a later event.
    """
    updated = stale.after(failed, synced)
    for _ in range(MAX_CONFLICTS):
        if updated.rollouts == stale.rollouts:
            return stale
        try:
            store.save_stale(updated)
        except Conflict:
            stale = store.load_stale()
            updated = stale.after(failed, ())
        else:
            return updated
    raise Unavailable(f"list of stale messages: {MAX_CONFLICTS} updates conflicted with other writers")
