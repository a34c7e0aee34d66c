"""How much work something is, counted: the same number on every machine, however busy it is."""

import sys
from collections.abc import Callable
from types import CodeType

_TOOL = 4  # free for whoever wants it: https://docs.python.org/3/library/sys.monitoring.html


def operations(work: Callable[[], object]) -> int:
    """The calls that `work` makes, of Python's functions and of C's, and the turns of its loops."""
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
