"""`pointsman doctor`: whether each link of the chain works, and what to do if not."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.options import OutputOption, PagerOption, RegionOption, StackOption
from pointsmanctl.output.formats import Format, print_objects

if TYPE_CHECKING:
    from pointsmanctl.doctor.model import CheckResult


def doctor(
    only: Annotated[
        list[str] | None, typer.Option(help="Check only these targets, such as dev/*. Can be repeated.")
    ] = None,
    all_links: Annotated[bool, typer.Option("--all", "-a", help="Show the links that work, too.")] = False,
    test_event: Annotated[
        bool, typer.Option(help="Send an event from each target to the control stack, and wait for it.")
    ] = True,
    routes: Annotated[Path, typer.Option(help="The routes file: it names accounts and regions.")] = Path("routes.yaml"),
    config: Annotated[Path, typer.Option(help="Profiles and names of the stacks.")] = Path("pointsman.toml"),
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Check each link of the chain from GitHub to the hosts and back, and say what to do where one is broken.

    Changes nothing; the test event reaches a queue of its own. Exits with 1 if a link is broken.
    """
    from pointsmanctl.deployment.accounts import ProfileAccounts
    from pointsmanctl.deployment.installation import select
    from pointsmanctl.deployment.prepare import read_installation
    from pointsmanctl.doctor.examine import Examination

    installation = read_installation(config, routes, stack, region)
    targets = select(installation.targets, only or [])
    accounts = ProfileAccounts(installation.profiles)
    results = Examination(installation, accounts, sends_test_events=test_event).results(targets)
    print_results(results, output, all_links=all_links, pager=pager)
    if is_broken(results):
        raise typer.Exit(ExitCode.FAILED)


def is_broken(results: Sequence["CheckResult"]) -> bool:
    """Return whether a link is broken."""
    return any(each.state == "broken" for each in results)


def print_results(
    results: Sequence["CheckResult"], output: Format = Format.TABLE, *, all_links: bool = False, pager: bool = True
) -> None:
    """Print the results; in a table, those of links that work only with `all_links`."""
    from pointsmanctl.output.console import show
    from pointsmanctl.output.doctor_report import COLUMNS, doctor_table, result_object, summary
    from pointsmanctl.output.messages import note

    if output is not Format.TABLE:
        print_objects([result_object(each) for each in results], output, COLUMNS)
        return
    shown = [each for each in results if all_links or each.state in {"broken", "warning"}]
    if shown:
        show(doctor_table(shown), pager=pager)
    note(f"Links: {summary(results)}.")
