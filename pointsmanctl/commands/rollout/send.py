"""What the commands of people share: options, sending, and showing what follows."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsmanctl.errors import InvalidInput
from pointsmanctl.options import not_empty, rollout_id, target_name
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.stack.connection import Connection

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import CommandEvent

RolloutArgument = Annotated[
    str, typer.Argument(help="The rollout's id: `pointsman rollout list` lists them.", callback=rollout_id)
]
REASON_LENGTH = 500  # characters, as command_receiver takes them


def check_reason(value: str | None) -> str | None:
    """Check the value of --reason."""
    if value and len(value) > REASON_LENGTH:
        raise typer.BadParameter(f"the reason has more than {REASON_LENGTH} characters")
    return not_empty(value)


def _target_names(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        target_name(value)
    return values


def duration(least: str, most: str) -> Callable[[str], str]:
    """Return the check of an option that is a duration, between two of them."""

    def check(value: str) -> str:
        import re

        from pointsman.core.text import DURATION, seconds_of

        if not re.fullmatch(DURATION, value, re.ASCII):
            raise typer.BadParameter(f"{value!r} is not a duration such as 10m, 4h or 2d")
        if not seconds_of(least) <= seconds_of(value) <= seconds_of(most):
            raise typer.BadParameter(f"{value} is not between {least} and {most}")
        return value

    return check


ReasonOption = Annotated[
    str | None, typer.Option(help="Why, for the audit trail and Slack. No secrets.", callback=check_reason)
]
TargetsOption = Annotated[
    list[str] | None,
    typer.Option("--target", help="Only this target, such as prod/eu-west-1. Can be repeated.", callback=_target_names),
]
WaveOption = Annotated[
    int | None,
    typer.Option(min=1, max=1000, help="The wave whose gate it is.", show_default="the wave at whose gate it is"),
]
OverrideOption = Annotated[bool, typer.Option("--override-freeze", help="Run in a freeze, too. Needs --reason.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: for scripts.")]
WatchOption = Annotated[
    bool, typer.Option("--watch", "-w", help="Then follow the rollout until it ends, and exit with 1 if it failed.")
]


def check_override(reason: str | None, *, override: bool) -> None:
    """Check that who overrides a freeze says why."""
    if override and not reason:
        raise typer.BadParameter("overriding a freeze needs a reason", param_hint="--reason")


def send(connection: Connection, name: str, **fields: Any) -> "CommandEvent":
    """Send a command with a new id; return its event.

    Raises CommandError if it is refused, and InvalidInput if it is none.
    """
    from msgspec import ValidationError

    from pointsman.core.rollouts.commands.forms import command_form
    from pointsmanctl.stack import commands

    given = {field: value for field, value in fields.items() if value is not None}
    try:
        form = command_form({"name": name, "id": str(uuid.uuid4())} | given)
    except ValidationError as error:
        raise InvalidInput(f"this is no valid command: {error}") from error
    return commands.send_command(connection, form)


def show_event(event: "CommandEvent", message: str, output: Format, *, watch: bool = False) -> None:
    """Print what a command did: a sentence, or its event. Programs that watch get the rollout alone."""
    from pointsmanctl.output.messages import note
    from pointsmanctl.output.shapes import EVENT_COLUMNS, event_object

    if output is Format.TABLE:
        note(message)
    if output is Format.TABLE or watch:
        return
    objects = [event_object(event)]
    print_objects(objects, output, EVENT_COLUMNS, objects)


def watch_rollout(connection: Connection, rollout: str, output: Format) -> None:
    """Follow a rollout as `pointsman rollout watch` does."""
    from pointsmanctl.commands.rollout.view import View, view_rollout

    view_rollout(connection, rollout, View(output, watch=True))
