"""`pointsman destroy`: every stack is deleted, and the trail stays."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode, InvalidInput
from pointsmanctl.options import RegionOption, StackOption

if TYPE_CHECKING:
    from pointsmanctl.deployment.destruction import Retained

ADOPTABLE = {
    "AWS::DynamoDB::Table": " A new installation can adopt it: pointsman deploy --adopt-trail {name}",
}
LEFT = (
    "the webhook or the App on GitHub, connections to GitHub, the Slack app",
    "secrets that you made (GitHub's API, vault passwords)",
    "what Ansible did on the hosts",
)


def destroy(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Delete only these stacks: control, image, or targets such as dev/*. Can be repeated."),
    ] = None,
    confirm: Annotated[
        str | None, typer.Option(help="The name of the control stack, instead of the question: for scripts.")
    ] = None,
    routes: Annotated[Path, typer.Option(help="The routes file: it names accounts and regions.")] = Path("routes.yaml"),
    config: Annotated[Path, typer.Option(help="Profiles and names of the stacks.")] = Path("pointsman.toml"),
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Delete every stack of the installation, but keep the audit trail.

    These are the stacks that routes.yaml names, and worker stacks that it named before. Says what it deletes and what
    it leaves, and asks for the name of the control stack first. Exits with 1 if a stack was not deleted; it can be
    repeated.
    """
    from pointsman.core.text import join_first
    from pointsmanctl.deployment.accounts import CONTROL, ProfileAccounts, caller_account, check_accounts
    from pointsmanctl.deployment.destruction import Destruction
    from pointsmanctl.deployment.installation import select
    from pointsmanctl.deployment.left_workers import find_left_workers
    from pointsmanctl.deployment.model import NoProgress
    from pointsmanctl.deployment.prepare import read_installation
    from pointsmanctl.deployment.run_image.stacks import IMAGE
    from pointsmanctl.deployment.stack_events import Pace
    from pointsmanctl.output.deploy_progress import deploy_progress
    from pointsmanctl.output.deploy_summary import outcome_summary
    from pointsmanctl.output.messages import note, warn

    installation = read_installation(config, routes, stack, region)
    accounts = ProfileAccounts(installation.profiles)
    control_account = caller_account(accounts, CONTROL, installation.region)
    left = find_left_workers(installation, accounts, control_account)
    selected = select([CONTROL, IMAGE, *installation.targets, *left.targets], only or [])
    if left.unseen and not only:
        warn(f"Not searched for worker stacks that routes.yaml does not name: {join_first(left.unseen)}.")
    used = {name.partition("/")[0] for name in selected if "/" in name}
    check_accounts(accounts, {name: installation.accounts[name] for name in used}, installation.region)
    destruction = Destruction(installation, accounts, control_account, NoProgress(), Pace())
    stacks = destruction.existing(selected)
    if not stacks:
        note("Nothing to delete: none of these stacks exists.")
        return
    _announce([each.label for each, _ in stacks], destruction.retained(stacks))
    _confirm(installation.settings.stack, confirm)
    with deploy_progress() as progress:
        outcomes = replace(destruction, progress=progress).destroy(stacks)
    note(outcome_summary(outcomes))
    if any(each.reason for each in outcomes):
        raise typer.Exit(ExitCode.FAILED)


def _announce(labels: Sequence[str], retained: Sequence["Retained"]) -> None:
    from pointsmanctl.output.messages import warn

    warn(f"This deletes {len(labels)} stacks: {', '.join(labels)}. Builds that run end.")
    for each in retained:
        warn(f"It leaves {each.kind} {each.name} of {each.stack}.{ADOPTABLE.get(each.kind, '').format(name=each.name)}")
    warn(f"It also leaves {'; '.join(LEFT)}.")


def _confirm(name: str, confirm: str | None) -> None:
    import sys

    if confirm is None:
        if not sys.stdin.isatty():
            raise InvalidInput(f"there is no terminal to ask on: use --confirm {name}")
        confirm = typer.prompt(f"Type the name of the control stack ({name}) to delete all this")
    if confirm != name:
        raise InvalidInput(f"{confirm!r} is not the name of the control stack: nothing was deleted")
