"""Write docs/reference/: `python -m tools.reference`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tools.reference.commands import command_line
from tools.reference.environment import environment
from tools.reference.events import trail_events
from tools.reference.roles import roles
from tools.reference.settings import pointsman_toml
from tools.reference.stacks import ROOT, stack_parameters

DIRECTORY: Final = ROOT / "docs" / "reference"
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "command-line.md": command_line,
    "stack-parameters.md": stack_parameters,
    "roles.md": roles,
    "environment.md": environment,
    "events.md": trail_events,
    "pointsman-toml.md": pointsman_toml,
}


def main(directory: Path = DIRECTORY) -> None:
    """Write every page."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (directory / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
