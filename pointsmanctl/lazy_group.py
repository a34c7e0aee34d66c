"""A group of commands that imports the module of a command when it is called, so that `--help` is fast."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

CONTEXT = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True)
class Lazy:
    """A command: `where` is a function or a Typer app as `module:name`, `summary` the first line of its help."""

    where: str
    summary: str

    def load(self, name: str) -> Any:
        """Import the module and return the command."""
        module, _, attribute = self.where.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, context_settings=CONTEXT)
            app.command(name)(command)
            command = app
        return get_command(command)


class LazyGroup(TyperGroup):
    """Lists commands by their summaries and imports the one that is called. A group names its own in `lazy`."""

    lazy: ClassVar[Mapping[str, Lazy]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, command in self.lazy.items():
            self.add_command(TyperCommand(name, help=command.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command as TyperGroup does, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return (name, self.lazy[name].load(name), rest) if name and name in self.lazy else (name, command, rest)


def lazy_app(group: type[LazyGroup], summary: str, alone: Callable[..., None] | None = None) -> typer.Typer:
    """The app of a group of commands below another. `alone`: what the group does without one of its commands."""
    return typer.Typer(
        cls=group,
        callback=alone or (lambda: None),
        invoke_without_command=alone is not None,
        help=summary,
        no_args_is_help=alone is None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings=CONTEXT,
    )


def has_subcommand(ctx: typer.Context) -> bool:
    """Whether a group that does something alone was called with one of its commands, which has its own options."""
    if ctx.invoked_subcommand is None:
        return False
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            name = ctx.invoked_subcommand
            raise typer.BadParameter(f"write it after `{name}`", param_hint=parameter.opts[0])
    return True
