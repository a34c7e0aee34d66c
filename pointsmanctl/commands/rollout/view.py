"""What `pointsman status` and `pointsman rollout list`, `show` and `watch` share: loading, following, printing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.errors import ExitCode, NotFound
from pointsmanctl.options import TIMES
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn_of_more
from pointsmanctl.stack.connection import Connection

if TYPE_CHECKING:
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.stack.rollouts import LoadedRollout, RolloutReader

    type Load = Callable[[], list[LoadedRollout]]

SINCE = "24h"
MOST = 1000  # rollouts that a list begins with

SinceOption = Annotated[str, typer.Option(help=f"{TIMES}.")]
WatchListOption = Annotated[bool, typer.Option("--watch", "-w", help="Follow the rollouts until none of them is open.")]
IntervalOption = Annotated[float, typer.Option(min=1, help="With --watch: seconds between two updates.")]
ExitStatusOption = Annotated[
    bool,
    typer.Option(
        "--exit-status", help="Exit with 1 if any rollout in the list has failed, was cancelled or rolled back."
    ),
]


@dataclass(frozen=True)
class View:
    """How rollouts are shown."""

    output: Format = Format.TABLE
    pager: bool = True
    watch: bool = False
    interval: float = 3


@dataclass(frozen=True)
class Selection:
    """Which rollouts are listed: those that are open, and those started since a time."""

    since: str = SINCE
    only_open: bool = False
    route: str | None = None
    limit: int = MOST


def view_rollout(connection: Connection, rollout: str, how: View) -> None:
    """Show one rollout. Exits with 1 if it has failed. Raises NotFound."""
    from pointsmanctl.stack.rollouts import RolloutReader

    reader = RolloutReader(connection)

    def load() -> list["LoadedRollout"]:
        return [load_existing(reader, rollout)]

    rollouts = _followed(load, how, detailed=True) if how.watch else load()
    _print(rollouts, how, detailed=True)
    exit_if_failed(rollouts)


def load_existing(reader: "RolloutReader", rollout: str) -> "LoadedRollout":
    """Return a rollout. Raises NotFound."""
    loaded = reader.load(rollout)
    if loaded is None:
        raise NotFound(f"rollout {rollout} does not exist: `pointsman rollout list` lists the rollouts of this stack")
    return loaded


def view_list(connection: Connection, selection: Selection, how: View, started: "IndexQuery") -> list["LoadedRollout"]:
    """Show the selected rollouts, and return them. `started` comes from `events_of_list`."""
    from pointsmanctl.stack.rollouts import RolloutReader

    reader = RolloutReader(connection)
    names = _names(connection, reader, selection, started)

    def load() -> list["LoadedRollout"]:
        return _narrowed(reader.load_each(names), selection)

    rollouts = _followed(load, how, detailed=False) if how.watch else load()
    if len(rollouts) > selection.limit:
        warn_of_more(selection.limit, "rollout")
        rollouts = rollouts[: selection.limit]
    _print(rollouts, how, detailed=False)
    if not rollouts and how.output is Format.TABLE:
        note(_nothing(selection))
    return rollouts


def view_each(connection: Connection, rollouts: list[str], how: View) -> list["LoadedRollout"]:
    """Show rollouts of which some may not exist yet, and return them."""
    from pointsmanctl.stack.rollouts import RolloutReader

    reader = RolloutReader(connection)

    def load() -> list["LoadedRollout"]:
        return reader.load_each(rollouts)

    loaded = _followed(load, how, detailed=False) if how.watch else load()
    _print(loaded, how, detailed=False)
    return loaded


def exit_if_failed(rollouts: list["LoadedRollout"]) -> None:
    """Exit with 1 if one of the rollouts has failed."""
    if any(each.failed for each in rollouts):
        raise typer.Exit(ExitCode.FAILED)


def events_of_list(selection: Selection) -> "IndexQuery":
    """Return the query for the rollouts that started. Raises BadParameter if --since is not valid."""
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.stack.time_span import bounded

    query = IndexQuery(types=("RolloutStarted",), route=selection.route)
    return bounded(query, selection.since, None, datetime.now(UTC), SINCE)


def _names(connection: Connection, reader: "RolloutReader", selection: Selection, started: "IndexQuery") -> list[str]:
    from pointsmanctl.stack.trail_query import TrailReader

    if selection.only_open:
        return list(reader.open_rollouts())
    found = islice(TrailReader.of(connection).find(started), min(MOST, selection.limit + 1))  # one more than is shown
    return [*reader.open_rollouts(), *(each.entry.rollout for each in found if each.entry.rollout)]


def _narrowed(rollouts: list["LoadedRollout"], selection: Selection) -> list["LoadedRollout"]:
    return [each for each in rollouts if selection.route in (None, each.rollout.spec.route)]


def _followed(load: "Load", how: View, *, detailed: bool) -> list["LoadedRollout"]:
    from pointsmanctl.output.watch import quiet_view, view
    from pointsmanctl.stack.follow import follow

    with view(detailed=detailed) if how.output is Format.TABLE else quiet_view() as update:
        return follow(load, update, how.interval)


def _nothing(selection: Selection) -> str:
    of_route = f" of route {selection.route}" if selection.route else ""
    if selection.only_open:
        return f"No rollout{of_route} is open."
    since = selection.since
    text = f"in the last {since}" if since[-1:] in "smhdw" else f"since {since}"
    return f"No rollout{of_route} is open, and none has started {text}."


def _print(rollouts: list["LoadedRollout"], how: View, *, detailed: bool) -> None:
    from pointsmanctl.output.console import on_terminal, show
    from pointsmanctl.output.rollout_table import rollout_report, rollouts_table
    from pointsmanctl.output.shapes import ROLLOUT_COLUMNS, rollout_object, rollout_rows

    if how.output is not Format.TABLE:
        objects = [rollout_object(each) for each in rollouts]
        print_objects(objects, how.output, ROLLOUT_COLUMNS, rollout_rows(objects))
    elif not rollouts or (how.watch and on_terminal()):
        return  # the last update is still on the screen
    elif detailed:
        show(rollout_report(rollouts[0], links=on_terminal()), pager=how.pager)
    else:
        show(rollouts_table(rollouts, datetime.now(UTC)), pager=how.pager)
