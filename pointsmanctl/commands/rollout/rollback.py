"""`pointsman rollout rollback`."""

from typing import TYPE_CHECKING, Any

from pointsmanctl.commands.rollout.send import (
    OverrideOption,
    ReasonOption,
    RolloutArgument,
    TargetsOption,
    WatchOption,
    YesOption,
    check_override,
    send,
    show_event,
)
from pointsmanctl.options import OutputOption, RegionOption, StackOption, WhereOption, connect_stack
from pointsmanctl.output.formats import Format
from pointsmanctl.stack.connection import Connection, Where

if TYPE_CHECKING:
    from pointsman.core.trail.command_events import RolloutRolledBack
    from pointsmanctl.stack.rollouts import RolloutReader


def rollback(
    rollout: RolloutArgument,
    target: TargetsOption = None,
    override_freeze: OverrideOption = False,
    reason: ReasonOption = None,
    yes: YesOption = False,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Apply again, on each target that a rollout has reached, the last commit that succeeded there before.

    Shows what goes back to which commit, and asks. The rollout's commit counts as bad from then on: a redelivery does
    not bring it back. Exits with 1 if there is nothing to go back to. With --watch, follows the rollouts that bring the
    earlier commits back, and exits with 1 if one of them failed.
    """
    from pointsmanctl.apps.terminal import confirm
    from pointsmanctl.commands.rollout.view import load_existing
    from pointsmanctl.output.rollback_lines import done_lines, plan_lines
    from pointsmanctl.stack.rollouts import RolloutReader

    check_override(reason, override=override_freeze)
    connection = connect_stack(cloud, stack, region)
    reader = RolloutReader(connection)
    loaded = load_existing(reader, rollout)
    request = {"rollout": rollout, "targets": target or None, "override_freeze": override_freeze, "reason": reason}
    plan = _sent(connection, request | {"plan_only": True})
    _note_each(plan_lines(loaded.rollout, plan, _titles(reader, plan)))
    confirm(f"Roll back {rollout}?", yes=yes)
    event = _sent(connection, request)
    show_event(event, "\n".join(done_lines(loaded.rollout, event)), output, watch=watch)
    if watch:
        _watch(connection, rollout, event, output)


def _sent(connection: Connection, request: dict[str, Any]) -> "RolloutRolledBack":
    from pointsman.core.trail.command_events import RolloutRolledBack
    from pointsmanctl.errors import CommandError

    event = send(connection, "rollback", **request)
    if not isinstance(event, RolloutRolledBack):
        raise CommandError(f"another version of Pointsman answered: {event.type}")
    return event


def _titles(reader: "RolloutReader", plan: "RolloutRolledBack") -> dict[str, str]:
    """The titles of the earlier commits, by rollout."""
    found = ((part.rollout, reader.load(part.rollout)) for part in plan.parts)
    return {name: loaded.rollout.change.title for name, loaded in found if loaded}


def _note_each(lines: Any) -> None:
    from pointsmanctl.output.messages import note

    for line in lines:
        note(line)


def _watch(connection: Connection, rollout: str, event: "RolloutRolledBack", output: Format) -> None:
    """Follow the rollouts of the rollback. The one that is rolled back is open until they are stored."""
    from pointsman.core.rollouts.rollback_plan import rollout_of_part
    from pointsmanctl.commands.rollout.view import View, exit_if_failed, load_existing, view_each
    from pointsmanctl.stack.rollouts import RolloutReader

    bad = load_existing(RolloutReader(connection), rollout).rollout
    following = [rollout_of_part(bad, event.command, part) for part in event.parts]
    loaded = view_each(connection, [rollout, *following], View(output, watch=True))
    exit_if_failed([each for each in loaded if each.rollout.id != rollout])
