"""`pointsman deploy`: the control stack and every worker stack, brought to the state of this version."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode, InvalidInput
from pointsmanctl.options import RegionOption, StackOption

if TYPE_CHECKING:
    from pointsmanctl.deployment.deployment import Deployment
    from pointsmanctl.deployment.model import StackOutcome, StackPlan
    from pointsmanctl.deployment.prepare import Preparation

ConfigOption = Annotated[Path, typer.Option("--config", help="Profiles, names and parameters of the stacks.")]
RoutesOption = Annotated[Path, typer.Option("--routes", help="The routes file: it names accounts and regions.")]


def deploy(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Deploy only these stacks: control, image, or targets such as dev/*. Can be repeated."),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show the changes and stop.")] = False,
    adopt_trail: Annotated[
        str | None, typer.Option(metavar="TABLE", help="The audit table of a deleted installation, for a new one.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the deployment: for CI.")] = False,
    check: Annotated[
        bool, typer.Option("--doctor/--no-doctor", help="Check every link of the chain at the end, as `doctor` does.")
    ] = True,
    routes: RoutesOption = Path("routes.yaml"),
    config: ConfigOption = Path("pointsman.toml"),
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Deploy the control stack, the run image if there is one, and each worker stack that routes.yaml names.

    Can be repeated, and interrupted: the next call continues. A stack that fails does not stop the others. Exits with
    1 if a stack could not be deployed, whatever the checks at the end say.
    """
    from pointsmanctl.deployment.prepare import prepared
    from pointsmanctl.output.deploy_progress import deploy_progress

    with prepared(config, routes, stack, region) as preparation:
        selected = preparation.select(only or [])
        control_account = preparation.check(selected)
        if adopt_trail:
            _adopt(preparation, adopt_trail, selected, stop=plan, yes=yes)
        with deploy_progress() as progress:
            deployment = preparation.deployment(selected, control_account, progress)
        try:
            with deploy_progress() as progress:
                deployment.show_on(progress)
                plans = deployment.plan(selected)
            outcomes = _deploy(deployment, plans, stop=plan, yes=yes)
        finally:
            deployment.close()
    if check and not plan:
        _examine(preparation, [name for name in selected if "/" in name])
    if any(each.error for each in plans) or any(each.kind in _FAILED for each in outcomes):
        raise typer.Exit(ExitCode.FAILED)


_FAILED = ("failed", "skipped")


def _adopt(preparation: "Preparation", table: str, selected: Sequence[str], *, stop: bool, yes: bool) -> None:
    """Let the new control stack begin with a table that is there."""
    from pointsmanctl.deployment.adoption import TrailAdoption
    from pointsmanctl.deployment.stack_events import Pace
    from pointsmanctl.output.deploy_progress import deploy_progress

    if stop or "control" not in selected:
        raise InvalidInput("--adopt-trail needs a deployment of the control stack: use it without --plan and --only")
    with deploy_progress() as progress:
        adoption = TrailAdoption(preparation.installation, preparation.accounts, progress, Pace())
        if not adoption.is_needed(table):
            return
        adoption.check(table)
    _confirm(f"Let a new control stack adopt the trail {table}?", yes=yes)
    with deploy_progress() as progress:
        replace(adoption, progress=progress).adopt(table)


def _deploy(
    deployment: "Deployment", plans: Sequence["StackPlan"], *, stop: bool, yes: bool
) -> Sequence["StackOutcome"]:
    from pointsman.core.text import pluralize
    from pointsmanctl.output.console import show
    from pointsmanctl.output.deploy_progress import deploy_progress
    from pointsmanctl.output.deploy_summary import outcome_summary, plan_table
    from pointsmanctl.output.messages import note

    show(plan_table(plans), pager=False)
    to_build = deployment.regions_to_build()
    if to_build:
        note(f"The run image is built and pushed to {', '.join(to_build)}; workers get it then.")
    to_change = [each for each in plans if not each.unchanged and not each.error]
    if any(each.error for each in plans if each.stack.label == "control"):
        note("The control stack cannot be deployed, so no worker stack is touched.")
        return []
    if not to_change and not to_build:
        if not any(each.error for each in plans):
            note("Nothing to change: every stack is in the state of this version.")
        return []
    if stop:
        note("Nothing was changed. `pointsman deploy` carries this out.")
        return []
    _confirm(f"Deploy {pluralize(len(to_change), 'stack')}?" if to_change else "Build the run image?", yes=yes)
    try:
        with deploy_progress() as progress:
            deployment.show_on(progress)
            outcomes = deployment.deploy(to_change)
    except KeyboardInterrupt:
        note("Interrupted. CloudFormation finishes what it has begun; `pointsman deploy` continues from there.")
        raise
    note(outcome_summary(outcomes))
    if any(each.stack.label == "control" and each.kind == "created" for each in outcomes):
        _show_next_steps(deployment)
    return outcomes


def _show_next_steps(deployment: "Deployment") -> None:
    """Say how to connect Slack and GitHub, after the first deployment."""
    from pointsmanctl.output.messages import note

    control = deployment.control_state()
    outputs = control.outputs if control else {}
    note(
        "Next: `pointsman slack-app` for Slack, then `pointsman github-app` for GitHub. Without a GitHub App, add a "
        f"webhook on GitHub: URL {outputs.get('WebhookUrl')}, content type application/json, and as its secret the "
        f"value of {outputs.get('WebhookSecretName')} in Secrets Manager."
    )
    note(f"The dashboard: {outputs.get('DashboardUrl')}")
    if key := deployment.signing_key():
        note(
            f"The trail's digests are signed with the key {key}. Keep this fingerprint where nobody of this "
            "account can change it: `pointsman audit verify --bundle` compares it."
        )


def _examine(preparation: "Preparation", targets: Sequence[str]) -> None:
    """Show which links of the chain do not work yet. The exit status is that of the deployment."""
    from pointsmanctl.commands.doctor import print_results
    from pointsmanctl.doctor.examine import Examination
    from pointsmanctl.output.messages import note

    note("Checking every link of the chain (`pointsman doctor`) ...")
    print_results(Examination(preparation.installation, preparation.accounts).results(targets))


def _confirm(question: str, *, yes: bool) -> None:
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput("there is no terminal to ask on: use --yes to deploy, or --plan to stop here")
    typer.confirm(question, abort=True)
