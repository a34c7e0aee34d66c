"""A table that grows while events come: its columns become wider, never narrower."""

import sys
from collections.abc import Sequence

from rich.text import Text

from pointsmanctl.output.console import show
from pointsmanctl.output.entry_lines import FoundTasks
from pointsmanctl.output.group_table import event_lines, table_header
from pointsmanctl.output.lines import Line, LineTable


class LiveLines:
    """Prints lines below each other, the header first."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def show(self, found: Sequence[FoundTasks]) -> None:
        """Print a line for each entry, in this order."""
        lines = event_lines(found)
        if not self._widths:
            lines = [table_header(), *lines]
        if not lines:
            return
        columns = zip(*(line.cells for line in lines), strict=True)
        widths = [max(cell.cell_len for cell in column) for column in columns]
        self._widths = [max(pair) for pair in zip(widths, self._widths or widths, strict=True)]
        show(LineTable([self._padded(line) for line in lines]), pager=False)
        sys.stdout.flush()

    def _padded(self, line: Line) -> Line:
        cells = (
            cell + Text(" " * (width - cell.cell_len)) for cell, width in zip(line.cells, self._widths, strict=True)
        )
        return Line(tuple(cells), line.sentence, line.details, line.style)
