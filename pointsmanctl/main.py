"""`pointsman`: the operator's command. Commands are imported when they are called."""

from typing import Annotated, Any, ClassVar

import typer

from pointsmanctl.errors import REPORTED, exit_code_of
from pointsmanctl.lazy_group import CONTEXT, Lazy, LazyGroup

HERE = "pointsmanctl.commands"


class PointsmanGroup(LazyGroup):
    """Every command. Expected errors end a command with one line and their exit status."""

    lazy: ClassVar = {
        "status": Lazy(
            f"{HERE}.status:status",
            "Show rollouts: all that are open, and those started since a time; or one, with each of its runs.",
        ),
        "audit": Lazy(
            f"{HERE}.audit:app",
            "Search the audit trail: who, which commit, which target, which host, which tasks changed.",
        ),
        "console": Lazy(
            f"{HERE}.console:console",
            "Show rollouts, hosts and the audit trail on a local web page, until Ctrl-C.",
        ),
        "why": Lazy(
            f"{HERE}.why:why",
            "Show each delivery of a commit, each route's decision and its reason, and what followed.",
        ),
        "drift": Lazy(
            f"{HERE}.drift:drift", "Show which hosts differ from the last commit that succeeded on their target."
        ),
        "rollout": Lazy(
            f"{HERE}.rollout:app",
            "Look at rollouts, and decide about them: approve, hold, cancel, retry, roll back.",
        ),
        "run": Lazy(f"{HERE}.run:run", "Run a commit on a route by hand, or on a part of its targets and hosts."),
        "freeze": Lazy(
            f"{HERE}.freeze:freeze",
            "Start nothing on a route, on targets, or anywhere, for a while. "
            "Builds that are running go on, and so do checks.",
        ),
        "unfreeze": Lazy(
            f"{HERE}.unfreeze:unfreeze",
            "End a freeze that a person made: what waits for its end starts within five minutes.",
        ),
        "freezes": Lazy(
            f"{HERE}.freezes:freezes",
            "Show the freezes that are in effect: those that people made, and the windows of routes.",
        ),
        "init": Lazy(
            f"{HERE}.init:init", "Write routes.yaml and pointsman.toml from a few answers, each checked at once."
        ),
        "deploy": Lazy(
            f"{HERE}.deploy:deploy",
            "Deploy the control stack, the run image if there is one, and each worker stack that routes.yaml names.",
        ),
        "github-app": Lazy(
            f"{HERE}.github_app:github_app",
            "Register the GitHub App that sends webhooks and answers questions about changed files.",
        ),
        "slack-app": Lazy(
            f"{HERE}.slack_app:slack_app", "Create the Slack app by its manifest, and store its bot token."
        ),
        "doctor": Lazy(
            f"{HERE}.doctor:doctor",
            "Check each link of the chain from GitHub to the hosts and back, and say what to do where one is broken.",
        ),
        "destroy": Lazy(f"{HERE}.destroy:destroy", "Delete every stack of the installation, but keep the audit trail."),
        "routes": Lazy(f"{HERE}.routes:app", "Check routes.yaml, and show what would happen."),
        "erratum": Lazy(f"{HERE}.erratum:erratum", "Remove a leaked secret from an item of the audit trail."),
        "local": Lazy(f"{HERE}.local:app", "The local cloud: Pointsman on this machine, without AWS."),
    }

    def invoke(self, ctx: Any) -> Any:
        """Run the command; print expected errors on one line."""
        try:
            return super().invoke(ctx)
        except REPORTED as error:
            from pointsmanctl.output import messages

            messages.error(str(error))
            raise typer.Exit(exit_code_of(error)) from error


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"pointsman {version('pointsman')}")
        raise typer.Exit


def pointsman(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Pointsman: who changed what, on which host."""


app = typer.Typer(
    cls=PointsmanGroup,
    callback=pointsman,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)


def main() -> None:
    """Run the command."""
    app(prog_name="pointsman")
