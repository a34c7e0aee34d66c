"""`pointsman routes check` and `schema`: every fault and doubt of routes.yaml, and what may stand in it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pointsman.core.routes import Routes
from pointsman.core.routes_schema import routes_schema
from pointsmanctl.options import JsonOption, err, print_json
from pointsmanctl.routes_file import LocatedFault, read_doubts, read_routes

UNREADABLE = 2


def check(
    file: Annotated[Path, typer.Argument(help="The rules.")] = Path("routes.yaml"),
    strict: Annotated[bool, typer.Option("--strict", help="A warning fails, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Name every fault with its line and column, and what is valid but doubtful. Status 1 on a fault."""
    try:
        routes, faults = read_routes(file)
        doubts = read_doubts(file, routes) if routes else []
    except OSError as error:
        err.print(Text(f"pointsman: {file}: {error.strerror}", style="red"))
        raise typer.Exit(UNREADABLE) from error
    if as_json:
        print_json([_as_json(each, "error") for each in faults] + [_as_json(each, "warning") for each in doubts])
    else:
        for each in faults:
            typer.echo(each)
        for each in doubts:
            typer.echo(_warning(each))
        typer.echo(f"{file}: {_summary(routes, len(faults), len(doubts))}")
    if faults or (strict and doubts):
        raise typer.Exit(1)


def schema() -> None:
    """Print the JSON Schema of routes.yaml, as editors take it."""
    print_json(routes_schema())


def _warning(doubt: LocatedFault) -> str:
    return f"{doubt.file}:{doubt.line}:{doubt.column}: warning: {doubt.fault}"


def _summary(routes: Routes | None, faults: int, doubts: int) -> str:
    found = f"{_count(faults, 'fault')}, {_count(doubts, 'warning')}"
    if routes is None:
        return found
    return f"{_count(len(routes.routes), 'route')}, {_count(len(routes.all_targets), 'target')}, {found}"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' * (number != 1)}"


def _as_json(fault: LocatedFault, severity: str) -> dict[str, object]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "severity": severity,
        "where": fault.fault.where,
        "reason": fault.fault.reason,
    }
