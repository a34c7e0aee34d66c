"""`pointsman local down`: stop the local cloud."""

import typer

from pointsmanctl.commands.local.state import StateOption, state_arguments


def down(state: StateOption = None) -> None:
    """Stop the local cloud."""
    from localcloud.__main__ import main

    raise typer.Exit(main([*state_arguments(state), "down"]))
