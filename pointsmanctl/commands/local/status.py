"""`pointsman local status`: whether the local cloud runs, and where."""

import typer

from pointsmanctl.commands.local.state import StateOption, state_arguments


def status(state: StateOption = None) -> None:
    """Show the addresses and the running builds of the local cloud.

    Exits with 3 if it is not running.
    """
    from localcloud.__main__ import main

    raise typer.Exit(main([*state_arguments(state), "status"]))
