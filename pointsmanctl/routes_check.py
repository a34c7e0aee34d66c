"""`pointsman routes check` and `schema`: every fault and doubt of routes.yaml, and what may stand in it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pointsman.core.routes.schema import schema_text
from pointsmanctl.console import console
from pointsmanctl.options import JsonOption, print_json
from pointsmanctl.routes_file import Checked, LocatedFault, read_checked

UNREADABLE = 2


def check(
    file: Annotated[Path, typer.Argument(help="The rules.")] = Path("routes.yaml"),
    strict: Annotated[bool, typer.Option("--strict", help="A warning fails, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Name every fault with its line and column, and what is valid but doubtful. Status 1 on a fault."""
    try:
        checked = read_checked(file)
    except OSError as error:
        _print_line(console(stderr=True), f"pointsman: {file}: {error.strerror}", "red")
        raise typer.Exit(UNREADABLE) from error
    if as_json:
        print_json([_as_json(each) for each in [*checked.faults, *checked.lint]])
    else:
        out = console()
        for each in [*checked.faults, *checked.lint]:
            _print_line(out, str(each), "yellow" if each.doubtful else "red")
        _print_line(out, f"{file}: {_summary(checked)}", "bold")
    if checked.faults or (strict and checked.lint):
        raise typer.Exit(1)


def schema() -> None:
    """Print the JSON Schema of routes.yaml, as editors take it."""
    sys.stdout.write(schema_text())


def _print_line(out: Console, line: str, style: str) -> None:
    """One line, whatever its length and wherever it goes: for grep, and for editors that jump to a place."""
    out.print(Text(line.replace("\n", " "), style=style), soft_wrap=True)


def _summary(checked: Checked) -> str:
    found = f"{_count(len(checked.faults), 'fault')}, {_count(len(checked.lint), 'warning')}"
    if checked.routes is None:
        return found
    return (
        f"{_count(len(checked.routes.routes), 'route')}, {_count(len(checked.routes.all_targets), 'target')}, {found}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' * (number > 1)}"


def _as_json(found: LocatedFault) -> dict[str, object]:
    return {
        "file": found.file,
        "line": found.line,
        "column": found.column,
        "severity": "warning" if found.doubtful else "error",
        "where": found.fault.where,
        "reason": found.fault.reason,
    }
