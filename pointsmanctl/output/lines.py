"""Table lines: short cells and a sentence beside them, below them, or all on one line for a pipe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INDENT = 4
GAP = 2
READABLE = 40  # columns of a terminal: with fewer, the sentence stands below the cells


@dataclass(frozen=True)
class Line:
    """A line of a table: short cells, then a sentence, and details below both."""

    cells: tuple[Text, ...]
    sentence: RenderableType
    details: Sequence[RenderableType] = ()
    style: str = ""

    def on_one_line(self, widths: list[int]) -> Iterator[RenderableType]:
        """Yield everything on one line, for a pipe. Details that are not text, such as a diff, stand below."""
        cells = [cell + Text(" " * (width - cell.cell_len)) for cell, width in zip(self.cells, widths, strict=True)]
        parts = [each for each in (self.sentence, *self.details) if isinstance(each, Text)]
        below: Sequence[RenderableType] = ()
        if len(parts) <= len(self.details):
            parts, below = parts[:1], self.details
        sentence = Text(" · ").join(_without_breaks(each) for each in parts if each)
        yield Text(" " * GAP, style=self.style).join([*cells, sentence])
        yield from (Padding(detail, (0, 0, 0, INDENT), expand=False) for detail in below)

    def beside(self, widths: list[int]) -> Iterator[RenderableType]:
        """Yield the cells with the sentence beside them."""
        row = _row(widths)
        row.add_column(ratio=1, overflow="fold")
        row.add_row(*self.cells, self.sentence, style=self.style)
        yield row
        yield from (Padding(detail, (0, 0, 0, INDENT)) for detail in self.details)

    def stacked(self, widths: list[int] | None) -> Iterator[RenderableType]:
        """Yield the cells with the sentence below them; without `widths`, the cells wrap like words."""
        if widths is None:
            yield Text(" " * GAP, style=self.style).join(cell for cell in self.cells if cell)
        else:
            row = _row(widths)
            row.add_row(*self.cells, style=self.style)
            yield row
        yield Padding(self.sentence, (0, 0, 0, INDENT), style=self.style)
        yield from (Padding(detail, (0, 0, 0, 2 * INDENT)) for detail in self.details)


@dataclass(frozen=True)
class LineTable:
    """A table whose sentences stand beside the cells, or below them when fewer than `room` columns are left."""

    lines: list[Line]
    room: int = READABLE

    def plain(self) -> Group:
        """Return one line of text for each line of the table, of any length."""
        widths = self._widths()
        return Group(*(each for line in self.lines for each in line.on_one_line(widths)))

    def _widths(self) -> list[int]:
        columns = zip(*(line.cells for line in self.lines), strict=True)
        return [max(cell.cell_len for cell in column) for column in columns]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self._widths()
        left = options.max_width - sum(width + GAP for width in widths)
        for line in self.lines:
            if left >= self.room:
                yield from line.beside(widths)
            else:
                yield from line.stacked(widths if left >= -GAP else None)


def header(*names: str) -> Line:
    """Return the first line of a table."""
    *cells, last = (Text(name) for name in names)
    return Line(tuple(cells), last, style="bold")


def _without_breaks(text: Text) -> Text:
    return Text(" ").join(text.split("\n"))


def _row(widths: list[int]) -> Table:
    row = Table.grid(padding=(0, GAP))
    for width in widths:
        row.add_column(width=width, no_wrap=True)
    return row
