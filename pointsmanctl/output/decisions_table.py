"""Decisions as a table for people: each route, the outcome, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from pointsman.core.text import join_first, one_line
from pointsmanctl.output.lines import READABLE
from pointsmanctl.output.styles import STYLES

MAX_TARGETS = 3  # named in one cell
CELL = 4_000  # characters
DETAILS = ("pattern", "file", "targets")

type DecisionObject = Mapping[str, Any]  # as the receiver answers it


def decisions_table(decisions: Sequence[DecisionObject], *, full: bool = False) -> RenderableType:
    """Return the receiver's answer: each route, the outcome, why, and on how many targets it runs.

    `full` adds the pattern that decided, the file that it matched, and the names of the targets.
    """
    if full:
        return DetailedDecisions(decisions)
    table = _table("REASON")
    table.add_column("TARGETS", justify="right")
    for decision in decisions:
        table.add_row(*_head(decision), _text(decision["reason"]), str(len(decision["targets"] or [])))
    return table


@dataclass(frozen=True)
class DetailedDecisions:
    """Decisions with the pattern that decided, the file that it matched and the targets.

    These are columns if the terminal leaves enough room for the reason; otherwise they stand below the reason.
    """

    decisions: Sequence[DecisionObject]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = ("route", "outcome", *DETAILS)
        taken = sum(max([len(name), *(_text_of(each, name).cell_len for each in self.decisions)]) for name in columns)
        gaps = 2 * (len(columns) + 1)
        yield self._wide() if options.max_width - taken - gaps >= READABLE else self._narrow()

    def _wide(self) -> RenderableType:
        table = _table("REASON")
        for name in DETAILS:
            table.add_column(name.upper(), no_wrap=True)
        for decision in self.decisions:
            details = [_text_of(decision, name) for name in DETAILS]
            table.add_row(*_head(decision), _text(decision["reason"]), *details)
        return table

    def _narrow(self) -> RenderableType:
        table = _table("REASON, PATTERN, FILE, TARGETS", long_routes=True)
        for decision in self.decisions:
            text = _text(decision["reason"])
            for name in DETAILS:
                if detail := _text_of(decision, name):
                    text.append(f"\n{name}: ", "dim").append_text(detail)
            table.add_row(*_head(decision), text)
        return table


def _table(last: str, *, long_routes: bool = False) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bold")
    table.add_column("ROUTE", no_wrap=not long_routes, overflow="fold")
    table.add_column("OUTCOME", no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def _head(decision: DecisionObject) -> tuple[Text, Text]:
    return _text_of(decision, "route"), _text_of(decision, "outcome")


def _text_of(decision: DecisionObject, name: str) -> Text:
    if name == "targets":
        return _text(_targets(decision["targets"] or ()))
    style = STYLES.get(decision["outcome"], "") if name == "outcome" else ""
    return _text(decision[name] or "", style)


def _targets(names: Sequence[str]) -> str:
    return join_first(names, MAX_TARGETS)


def _text(text: str, style: str = "") -> Text:
    return Text(one_line(text, CELL), style)
