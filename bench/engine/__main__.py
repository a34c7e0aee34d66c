"""Measure the engine and print the tables. A figure that misses a goal is not a failure."""

import argparse
import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from bench.engine import clients, decisions, report, rollout, slack, sweep
from bench.engine.day import DayOfChanges
from bench.functions.report import keep, table

SIZES = "10,100,1000,10000"
LARGEST_SLOW = 1_000  # of the sizes, for what is measured by its speed
SWEPT = (100, 1_000)  # open runs
FLEETS = ((1, 10), (10, 20), (32, 32))  # accounts, and regions of each


def main() -> None:
    given = _arguments()
    if sys.platform != "linux":
        sys.exit("the benchmark reads memory as Linux gives it: run it on Linux")
    logging.disable(logging.INFO)  # the emulator's
    console = Console(width=None if sys.stdout.isatty() else 150)
    tables = []
    for each in _tables(given, console):
        tables.append(each)
        _show(console, each)
    if given.keep:
        text = "\n\n".join([_circumstances(), *(table(each.columns, each.lines) for each in tables)])
        keep(given.keep, text, report.MARKS)


def _tables(given: argparse.Namespace, console: Console) -> Iterator[report.Table]:
    for part, measure in _parts(given).items():
        if given.only in part:
            console.print(f"measuring: {part}", style="dim")
            yield from measure()


def _parts(given: argparse.Namespace) -> dict[str, Callable[[], Sequence[report.Table]]]:
    """What can be measured, by the name for `--only`."""
    sizes = [int(each) for each in given.sizes.split(",")]
    small = [number for number in sizes if number <= LARGEST_SLOW]
    return {
        "rollouts": lambda: _rollouts(sizes),
        "places": lambda: [report.of_places([rollout.measure_places(number) for number in sizes])],
        "sweeps": lambda: [report.of_sweeps([sweep.measure(number) for number in SWEPT])],
        "slack": lambda: [report.of_slack([slack.measure(number) for number in sizes])],
        "decisions": lambda: [report.of_decisions([rate for number in small for rate in decisions.rates(number)])],
        "clients": lambda: [report.of_clients([clients.measure(*fleet) for fleet in FLEETS])],
        "day": lambda: [report.of_day(DayOfChanges(given.changes, given.targets).run())],
    }


def _rollouts(sizes: Sequence[int]) -> list[report.Table]:
    measured = [rollout.measure(number) for number in sizes]
    return [report.of_pushes(measured), report.of_ends(measured)]


def _show(console: Console, shown: report.Table) -> None:
    rich = RichTable(*shown.columns)
    for line in shown.lines:
        rich.add_row(*line)
    console.print(rich)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help=f"targets of a rollout ({SIZES})")
    parser.add_argument("--changes", type=int, default=100_000, help="changes of the simulated day (100,000)")
    parser.add_argument("--targets", type=int, default=1_000, help="targets of the simulated day (1,000)")
    parser.add_argument("--only", default="", help="rollouts, places, sweeps, slack, decisions, clients or day")
    parser.add_argument("--keep", type=Path, metavar="PAGE", help="put the tables into this page of Markdown")
    return parser.parse_args()


def _circumstances() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}."
    )


if __name__ == "__main__":
    main()
