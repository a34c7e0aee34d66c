"""Freezes that are in effect, as a table for people and as JSON."""

from collections.abc import Iterable
from typing import Any

from rich.text import Text

from pointsman.core.identity import principal_name
from pointsman.core.text import escape_invisible
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.times import as_json, at_minute
from pointsmanctl.stack.freezes import LiveFreeze

FREEZE_COLUMNS = ("scope", "kind", "caller", "since", "until", "reason", "command")


def freeze_table(freezes: Iterable[LiveFreeze]) -> LineTable:
    """Return one line per freeze."""
    return LineTable([header("FREEZE", "BY", "SINCE", "UNTIL", "WHY"), *map(_line, freezes)])


def _line(freeze: LiveFreeze) -> Line:
    by = principal_name(freeze.caller) if freeze.caller else "a window of the route"
    since = at_minute(freeze.since) if freeze.since else ""
    texts = (freeze.scope, by, since, at_minute(freeze.until))
    return Line(tuple(Text(escape_invisible(each)) for each in texts), Text(escape_invisible(freeze.reason)))


def freeze_object(freeze: LiveFreeze) -> dict[str, Any]:
    """Return a freeze for programs."""
    return {
        "scope": freeze.scope,
        "kind": freeze.kind.value,
        "caller": freeze.caller,
        "since": as_json(freeze.since) if freeze.since else None,
        "until": as_json(freeze.until),
        "reason": freeze.reason,
        "command": freeze.command,
    }
