"""`pointsman routes check`: every error and warning in routes.yaml."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode, InvalidInput
from pointsmanctl.options import OutputOption
from pointsmanctl.output.formats import Format, print_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.text import Text

    from pointsmanctl.routes_file.reader import CheckedRoutes


def check(
    file: Annotated[Path, typer.Argument(help="The routes file.")] = Path("routes.yaml"),
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Check routes.yaml: name each error and warning with its line and column.

    Exits with 1 if there is an error, and with 2 if the file cannot be read.
    """
    from pointsmanctl.output.shapes import FINDING_COLUMNS, finding_object
    from pointsmanctl.routes_file.reader import read_checked

    try:
        checked = read_checked(file)
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error
    if output is Format.TABLE:
        _print(file, checked)
    else:
        findings = [finding_object(each) for each in [*checked.errors, *checked.warnings]]
        print_objects(findings, output, FINDING_COLUMNS)
    if checked.errors or (strict and checked.warnings):
        raise typer.Exit(ExitCode.FAILED)


def _print(file: Path, checked: "CheckedRoutes") -> None:
    from pointsmanctl.output.console import console

    out = console()
    for each in [*checked.errors, *checked.warnings]:
        _print_line(out, str(each), "yellow" if each.is_warning else "red")
    for line in _plans(checked):
        out.print(line, soft_wrap=True)
    _print_line(out, f"{file}: {_summary(checked)}", "bold")


def _plans(checked: "CheckedRoutes") -> "Iterator[Text]":
    """Yield the waves of each route that has some."""
    from datetime import UTC, datetime

    from pointsman.core.routes.compile import compile_routes
    from pointsman.core.text import NAMES_LISTED
    from pointsmanctl.explain.plan import plan_lines

    if checked.routes:
        routes, now = compile_routes(checked.routes), datetime.now(UTC)
        for route in routes.routes:
            if route.plan:
                yield from plan_lines(route.name, route.plan, routes.targets_of(route), now, names=NAMES_LISTED)


def _print_line(out: "Console", line: str, style: str) -> None:
    """Print one line without wrapping it: for grep, and for editors that jump to a location."""
    from rich.text import Text

    out.print(Text(line.replace("\n", " "), style=style), soft_wrap=True)


def _summary(checked: "CheckedRoutes") -> str:
    counts = f"{_count(len(checked.errors), 'error')}, {_count(len(checked.warnings), 'warning')}"
    if checked.routes is None:
        return counts
    routes, targets = len(checked.routes.routes), len(checked.routes.all_targets)
    return f"{_count(routes, 'route')}, {_count(targets, 'target')}, {counts}"


def _count(number: int, noun: str) -> str:
    from pointsman.core.text import pluralize

    return pluralize(number, noun) if number else f"no {noun}s"
