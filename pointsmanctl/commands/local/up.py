"""`pointsman local up`: start the local cloud."""

from typing import Annotated

import typer

from pointsmanctl.commands.local.state import StateOption, state_arguments


def up(
    builds: Annotated[int, typer.Option(min=1, help="How many builds run at the same time.")] = 2,
    empty: Annotated[
        bool, typer.Option("--empty", help="Deploy nothing: hosts and a repository, for your own `pointsman deploy`.")
    ] = False,
    state: StateOption = None,
) -> None:
    """Start the local cloud, deploy the templates and leave it running."""
    from localcloud.__main__ import main

    raise typer.Exit(main([*state_arguments(state), "up", "--builds", str(builds), *["--empty"] * empty]))
