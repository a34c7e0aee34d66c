"""Waiting for what must come: as long as something moves, with a generous end."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds for what takes one or two: the machine may be busy, and who waits learns of a failure soon enough."""


class LocalCloudError(Exception):
    """The local cloud cannot do this now; the message says what to do."""


def wait_until[T](
    condition: Callable[[], T | None],
    seconds: float,
    complaint: str,
    progress: Callable[[], object] = lambda: None,
) -> T:
    """The first true answer of `condition`; LocalCloudError with the complaint when there is none in time.

    `seconds` begin anew whenever `progress` says something else than before.
    """
    deadline, pause, before = time.monotonic() + seconds, 0.02, progress()
    while not (answer := condition()):
        if (now := progress()) != before:
            deadline, before = time.monotonic() + seconds, now
        if time.monotonic() > deadline:
            raise LocalCloudError(f"{complaint} (waited {seconds:.0f} s)")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)
    return answer


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` comes true in time."""
    try:
        return wait_until(condition, seconds, "")
    except LocalCloudError:
        return False
