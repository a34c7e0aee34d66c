"""Wait for something that takes a while, for as long as there is progress."""

import time
from collections.abc import Callable

from localcloud.errors import LocalCloudError

TIMEOUT_SECONDS = 120.0
"""Seconds for what usually takes one or two, because the machine may be busy."""
_SHORTEST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


def wait_until[T](
    condition: Callable[[], T | None],
    seconds: float,
    complaint: str,
    progress: Callable[[], object] = lambda: None,
) -> T:
    """The first true answer of `condition`; LocalCloudError with the complaint when there is none in time.

    The time is extended by `seconds` for as long as `progress` differs from what it was when they began. It is
    called only when the time is over, since it may be expensive.
    """
    deadline, pause, before = time.monotonic() + seconds, _SHORTEST_PAUSE, progress()
    while not (answer := condition()):
        if time.monotonic() > deadline:
            if (now := progress()) == before:
                raise LocalCloudError(f"{complaint} (waited {seconds:.0f} s)")
            deadline, before = time.monotonic() + seconds, now
        time.sleep(pause)
        pause = min(pause * 1.3, _LONGEST_PAUSE)
    return answer


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` becomes true in time."""
    try:
        return wait_until(condition, seconds, "")
    except LocalCloudError:
        return False
