"""Count operations instead of seconds: the number is the same on every machine."""

import sys
from collections.abc import Callable
from types import CodeType

_TOOL = 4  # a free id: https://docs.python.org/3/library/sys.monitoring.html


def operations(work: Callable[[], object]) -> int:
    """Count the calls of Python and C functions that `work` makes, and the iterations of its loops."""
    count = 0

    def counted(code: CodeType, *_: object) -> None:
        nonlocal count
        count += 1

    monitoring = sys.monitoring
    events = monitoring.events
    monitoring.use_tool_id(_TOOL, "operations")
    try:
        for event in (events.CALL, events.JUMP):
            monitoring.register_callback(_TOOL, event, counted)
        monitoring.set_events(_TOOL, events.CALL | events.JUMP)
        work()
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.free_tool_id(_TOOL)
    return count
