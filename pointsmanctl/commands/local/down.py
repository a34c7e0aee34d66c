"""`pointsman local down`: stop the local cloud."""

import typer


def down() -> None:
    """Stop the local cloud."""
    from localcloud.__main__ import main

    raise typer.Exit(main(["down"]))
