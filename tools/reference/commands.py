"""The command line: every command with its arguments and options, and the exit statuses."""

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer
from typer.main import get_command

from pointsmanctl.errors import ExitCode
from pointsmanctl.lazy_group import LazyGroup
from pointsmanctl.main import app
from tools.markdown import block, code, page, table
from tools.reference.comments import field_comments

INTRODUCTION = """\
`pointsman COMMAND -h` shows the same. [How to use them](../command-line.md) has examples, settings and the JSON
objects.
"""


def command_line() -> str:
    """Return the page."""
    parts = [part for path, command in _commands(get_command(app), "pointsman") for part in _section(path, command)]
    return page("The command line", "the commands", INTRODUCTION, *parts, "## Exit statuses\n", _exit_statuses())


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its whole name."""
    if not isinstance(command, LazyGroup) or command.invoke_without_command:
        yield path, command
    if isinstance(command, LazyGroup):
        for name, lazy in command.lazy.items():
            yield from _commands(lazy.load(name), f"{path} {name}")


def _section(path: str, command: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {path}\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    yield block(f"{path} {usage}", "text")
    for title, kind in (("argument", "argument"), ("option", "option")):
        parameters = [each for each in command.params if each.param_type_name == kind and each.name != "help"]
        if parameters:
            yield table([title, "meaning", "default"], [_parameter(each) for each in parameters])


def _parameter(parameter: Any) -> list[str]:
    names = ", ".join(code(each) for each in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = code(parameter.metavar or parameter.name.upper())
    meaning = parameter.help or ""
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        meaning += f" One of {', '.join(code(each.value) for each in kind)}."
    if parameter.envvar:
        meaning += f" Variable: {code(str(parameter.envvar))}."
    return [names, meaning, _default(parameter)]


def _default(parameter: Any) -> str:
    value = parameter.default
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if parameter.required:
        return "required"
    if value in (None, "", False):
        return ""
    return code(parameter.opts[0] if value is True else str(getattr(value, "value", value)))


def _exit_statuses() -> str:
    meanings = field_comments(ExitCode)
    return table(["status", "meaning"], [[str(each.value), meanings[each.name]] for each in ExitCode])
