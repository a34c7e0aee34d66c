"""What `pointsman doctor` found, for people and for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from pointsmanctl.doctor.model import CheckResult, LinkState
from pointsmanctl.output.formats import Object
from pointsmanctl.output.lines import Line, LineTable, header

COLUMNS = ("where", "link", "state", "message", "remedy")
_STYLES = {
    LinkState.OK: "green",
    LinkState.WARNING: "yellow",
    LinkState.BROKEN: "bold red",
    LinkState.SKIPPED: "dim",
}


def doctor_table(results: Sequence[CheckResult]) -> LineTable:
    """Return a line for each result; below it, what to do."""
    return LineTable([header("WHERE", "LINK", "STATE", "WHAT"), *(_line(each) for each in results)])


def _line(result: CheckResult) -> Line:
    cells = (Text(result.where), Text(result.link), Text(result.state, _STYLES[result.state]))
    return Line(cells, Text(result.message), [Text(f"→ {result.remedy}")] if result.remedy else [])


def result_object(result: CheckResult) -> Object:
    """Return a result as JSON has it."""
    return {name: str(value) for name, value in asdict(result).items()}


def summary(results: Sequence[CheckResult]) -> str:
    """Return the number of links by state."""
    counts = Counter(each.state for each in results)
    return ", ".join(f"{counts[state]} {state}" for state in LinkState if counts[state])
