"""Prints the tables on a terminal, and puts them as Markdown between two marks of a page."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.functions.ratios import Row, Size

BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"
COLUMNS = ("case", "figure", "ours", "bare", "ratio", "least to greatest", "goal", "")
SIZE_COLUMNS = ("package with its layers, zipped", "MB", "goal", "")
SCALES = {"ms": 1e3, "MB": 1e-6}
VERDICTS = {True: "met", False: "missed", None: ""}


def cells(row: Row) -> tuple[str, ...]:
    """One line's texts."""
    scale = SCALES[row.unit]
    ours, bare = (statistics.median(figures) * scale for figures in (row.pairs.ours, row.pairs.bare))
    least, greatest = row.pairs.spread
    return (
        row.case,
        row.figure,
        f"{ours:.{_digits(ours)}f} {row.unit}",
        f"{bare:.{_digits(bare)}f} {row.unit}",
        f"{row.pairs.ratio:.2f}",
        f"{least:.2f} to {greatest:.2f}",
        f"{row.goal:.2f}" if row.goal else "",
        VERDICTS[row.is_met],
    )


def size_cells(size: Size) -> tuple[str, ...]:
    """One line's texts of the second table."""
    verdict = None if size.goal is None else size.number <= size.goal
    goal = f"{size.goal / 1e6:.0f}" if size.goal else ""
    return size.name, f"{size.number / 1e6:.2f}", goal, VERDICTS[verdict]


def show(console: Console, rows: Sequence[Row], sizes: Sequence[Size], circumstances: str) -> None:
    """Print both tables."""
    console.print(circumstances)
    for columns, lines in ((COLUMNS, map(cells, rows)), (SIZE_COLUMNS, map(size_cells, sizes))):
        shown = Table()
        for number, column in enumerate(columns):
            shown.add_column(column, justify="left" if number < len(columns) - 6 or not number else "right")
        for line in lines:
            shown.add_row(*line)
        console.print(shown)


def markdown(rows: Sequence[Row], sizes: Sequence[Size], circumstances: str) -> str:
    """Both tables as Markdown."""
    tables = (table(COLUMNS, map(cells, rows)), table(SIZE_COLUMNS, map(size_cells, sizes)))
    return "\n\n".join((circumstances, *tables))


def keep(page: Path, text: str, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Put `text` between the marks of a page. Raises ValueError where it has none."""
    before, begin, rest = page.read_text().partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f"{page} needs the lines {marks[0]} and {marks[1]}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    rule = ["---"] * len(columns)
    return "\n".join(f"| {' | '.join(line)} |" for line in (columns, rule, *lines))


def _digits(number: float) -> int:
    return 2 if number < 10 else 1 if number < 100 else 0
