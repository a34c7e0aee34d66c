"""Lines of short cells and a sentence: beside each other, below each other, or all in one line for a pipe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INDENT = 4
GAP = 2
READABLE = 40  # columns of a terminal: with fewer, a sentence stands below its line, not beside it


@dataclass(frozen=True)
class Line:
    """A line of a table: short cells, then a sentence, and what belongs below both."""

    cells: tuple[Text, ...]
    sentence: RenderableType
    details: Sequence[RenderableType] = ()
    style: str = ""

    def in_one(self, widths: list[int]) -> Iterator[RenderableType]:
        """Everything in one line, as pipes take it; what is no text, such as a difference, stands below."""
        cells = [cell + Text(" " * (width - cell.cell_len)) for cell, width in zip(self.cells, widths, strict=True)]
        parts = [each for each in (self.sentence, *self.details) if isinstance(each, Text)]
        below: Sequence[RenderableType] = ()
        if len(parts) <= len(self.details):
            parts, below = parts[:1], self.details
        sentence = Text(" · ").join(_unbroken(each) for each in parts if each)
        yield Text(" " * GAP, style=self.style).join([*cells, sentence])
        yield from (Padding(detail, (0, 0, 0, INDENT), expand=False) for detail in below)

    def beside(self, widths: list[int]) -> Iterator[RenderableType]:
        """The sentence at the end of the line."""
        row = _row(widths)
        row.add_column(ratio=1, overflow="fold")
        row.add_row(*self.cells, self.sentence, style=self.style)
        yield row
        yield from (Padding(detail, (0, 0, 0, INDENT)) for detail in self.details)

    def stacked(self, widths: list[int] | None) -> Iterator[RenderableType]:
        """The sentence below the line; without widths, the cells follow each other as words do."""
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
    """A table whose sentences stand beside the cells, or below when less than `room` is left for them."""

    lines: list[Line]
    room: int = READABLE

    def plain(self) -> Group:
        """One line for each, whatever its length."""
        widths = self._widths()
        return Group(*(each for line in self.lines for each in line.in_one(widths)))

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
    """The first line of a table."""
    *cells, last = (Text(name) for name in names)
    return Line(tuple(cells), last, style="bold")


def _unbroken(text: Text) -> Text:
    return Text(" ").join(text.split("\n"))


def _row(widths: list[int]) -> Table:
    row = Table.grid(padding=(0, GAP))
    for width in widths:
        row.add_column(width=width, no_wrap=True)
    return row
