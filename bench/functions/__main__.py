"""Measure every function beside a bare handler and print the tables. A slow figure is not a failure."""

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.functions import report
from bench.functions.cases import cases, rows, sizes
from bench.functions.sampling import Measured
from bench.functions.workshop import opened

BUILT = Path(".aws-sam/build")


def main() -> None:
    given = _arguments()
    if sys.platform != "linux":
        sys.exit("the benchmark reads CPU time and memory as Linux gives them: run it on Linux")
    if not (BUILT / "template.yaml").is_file():
        sys.exit("there is no build to measure: run `make bench`")
    console = Console(width=None if sys.stdout.isatty() else 150)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, opened(BUILT.resolve(), Path(scratch)) as workshop:
        wanted = [case for case in cases(workshop, given.warm, given.large) if given.only in case.title]
        measured = {case.title: Measured(case) for case in wanted}
        for number in range(given.rounds):
            for case in measured.values():
                console.print(f"round {number + 1} of {given.rounds}: {case.case.title}", style="dim")
                case.round(workshop)
        table = rows(measured), sizes(workshop), _circumstances(given.rounds, given.warm)
    report.show(console, *table)
    if given.keep:
        report.keep(given.keep, report.markdown(*table))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.functions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="pairs of each case (10)")
    parser.add_argument("--warm", type=int, default=100, help="warm calls in each round (100)")
    parser.add_argument("--large", type=int, default=5, help="warm calls with a large push in each round (5)")
    parser.add_argument("--only", default="", help="cases whose title has this text")
    parser.add_argument("--keep", type=Path, metavar="PAGE", help="put the tables into this page of Markdown")
    return parser.parse_args()


def _circumstances(rounds: int, warm: int) -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {rounds} rounds with {warm} warm calls."
    )


if __name__ == "__main__":
    main()
