"""What the commands of `pointsman rollout` share: options, sending, and showing what follows."""

import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsmanctl.options import connect_stack, not_empty, rollout_id
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import CommandEvent

RolloutArgument = Annotated[
    str, typer.Argument(help="The rollout's id: `pointsman status` lists them.", callback=rollout_id)
]
REASON_LENGTH = 500  # characters, as command_receiver takes them


def _reason(value: str | None) -> str | None:
    if value and len(value) > REASON_LENGTH:
        raise typer.BadParameter(f"the reason has more than {REASON_LENGTH} characters")
    return not_empty(value)


ReasonOption = Annotated[
    str | None, typer.Option(help="Why, for the audit trail and Slack. No secrets.", callback=_reason)
]
WatchOption = Annotated[
    bool, typer.Option("--watch", "-w", help="Then follow the rollout until it ends, and exit with 1 if it failed.")
]


def send(request: dict[str, Any], where: Where, stack: str | None, region: str | None) -> "CommandEvent":
    """Send a command with a new id; return its event. Raises CommandError if it is refused."""
    from pointsman.core.rollouts.commands.forms import command_form
    from pointsmanctl.stack.commands import send_command

    given = {name: value for name, value in request.items() if value is not None}
    return send_command(connect_stack(where, stack, region), command_form({"id": str(uuid.uuid4())} | given))


def show_event(event: "CommandEvent", message: str, output: Format, *, watch: bool) -> None:
    """Print what a command did: a sentence, or its event. Programs that watch get the rollout alone."""
    from pointsmanctl.output.messages import note
    from pointsmanctl.output.shapes import EVENT_COLUMNS, event_object

    if output is Format.TABLE:
        note(message)
    if output is Format.TABLE or watch:
        return
    objects = [event_object(event)]
    print_objects(objects, output, EVENT_COLUMNS, objects)


def watch_rollout(rollout: str, output: Format, where: Where, stack: str | None, region: str | None) -> None:
    """Follow a rollout as `pointsman status --watch` does."""
    from pointsmanctl.commands.status import status

    status(rollout, watch=True, output=output, cloud=where, stack=stack, region=region)
