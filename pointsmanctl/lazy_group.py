"""A group of commands whose modules are imported when one of them is called, so that `--help` starts quickly."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

CONTEXT = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True)
class Lazy:
    """Where a command is: a function `module:name`, or a Typer app of that name. `summary` is its help's first line."""

    where: str
    summary: str

    def load(self, name: str) -> Any:
        """The command itself; imports its module."""
        module, _, attribute = self.where.partition(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, context_settings=CONTEXT)
            app.command(name)(found)
            found = app
        return get_command(found)


class LazyGroup(TyperGroup):
    """Lists commands by their summaries and imports the one that is called. A group names its own in `lazy`."""

    lazy: ClassVar[Mapping[str, Lazy]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, command in self.lazy.items():
            self.add_command(TyperCommand(name, help=command.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As TyperGroup's, with the command itself in the place of its summary."""
        name, command, rest = super().resolve_command(ctx, args)
        return (name, self.lazy[name].load(name), rest) if name and name in self.lazy else (name, command, rest)
