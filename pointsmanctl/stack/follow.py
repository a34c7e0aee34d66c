"""Follows rollouts until all have ended."""

from collections.abc import Callable
from time import sleep

from pointsman.errors import Unavailable
from pointsmanctl.stack.rollouts import LoadedRollout

FAILURES_IN_A_ROW = 5  # a short network failure or a throttled table does not end the watch


def follow(
    load: Callable[[], list[LoadedRollout]],
    update: Callable[[list[LoadedRollout]], None],
    interval: float,
    pause: Callable[[float], None] | None = None,
) -> list[LoadedRollout]:
    """Load the rollouts every `interval` seconds and pass them to `update` until all have ended; return the last.

    Raises Unavailable after several failures in a row.
    """
    failures = 0
    while True:
        try:
            loaded = load()
        except Unavailable:
            failures += 1
            if failures >= FAILURES_IN_A_ROW:
                raise
        else:
            failures = 0
            update(loaded)
            if all(each.rollout.state.ended for each in loaded):
                return loaded
        (pause or sleep)(interval)
