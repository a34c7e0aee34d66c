"""The option `--state` of the commands for the local cloud."""

from pathlib import Path
from typing import Annotated

import typer

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="State directory of the local cloud.", show_default=".localcloud/up"),
]


def state_arguments(state: Path | None) -> list[str]:
    """Return the arguments of `localcloud` for a state directory."""
    return ["--state", str(state)] if state else []
