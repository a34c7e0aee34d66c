"""Asks again and again: follows rollouts until all have ended."""

from collections.abc import Callable, Iterator
from time import sleep

from pointsman.errors import Unavailable
from pointsmanctl.stack.rollouts import LoadedRollout

FAILURES_IN_A_ROW = 5  # a short network failure or a throttled table does not end the watch


def poll[Answer](
    load: Callable[[], Answer], interval: float, pause: Callable[[float], None] | None = None
) -> Iterator[Answer]:
    """Yield what `load` returns, every `interval` seconds and without an end.

    Raises Unavailable after several failures in a row.
    """
    failures = 0
    while True:
        try:
            answer = load()
        except Unavailable:
            failures += 1
            if failures >= FAILURES_IN_A_ROW:
                raise
        else:
            failures = 0
            yield answer
        (pause or sleep)(interval)


def follow(
    load: Callable[[], list[LoadedRollout]],
    update: Callable[[list[LoadedRollout]], None],
    interval: float,
    pause: Callable[[float], None] | None = None,
) -> list[LoadedRollout]:
    """Load the rollouts every `interval` seconds and pass them to `update` until all have ended; return the last.

    Raises Unavailable after several failures in a row.
    """
    loaded: list[LoadedRollout] = []
    for loaded in poll(load, interval, pause):
        update(loaded)
        if all(each.rollout.state.ended for each in loaded):
            break
    return loaded
