"""`pointsman audit` without a command: search the audit trail."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.lazy_group import has_subcommand
from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    SinceOption,
    StackOption,
    UntilOption,
    WhereOption,
    commit_part,
    connect_stack,
    full_name,
    not_empty,
    rollout_id,
    target_part,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn_of_more
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.index.query import IndexQuery
    from pointsman.core.trail.item import ReadEvent
    from pointsmanctl.output.entry_lines import FoundTasks
    from pointsmanctl.stack.trail_query import TrailReader


class By(StrEnum):
    """What is one line of the table: a task on several hosts, an event of a host, or any event."""

    TASK = "task"
    HOST = "host"
    EVENT = "event"


def _check_outcomes(outcomes: list[str] | None) -> list[str] | None:
    if outcomes:
        from pointsmanctl.stack.conditions import check_outcomes

        check_outcomes(outcomes)
    return outcomes


def _check_types(types: list[str] | None) -> list[str] | None:
    if types:
        from pointsmanctl.stack.conditions import check_types

        check_types(types)
    return types


def audit(
    ctx: typer.Context,
    actor: Annotated[
        str | None, typer.Option(help="Login of who pushed, merged or sent a command.", callback=not_empty)
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Login of who wrote, committed or co-authored a change.", callback=not_empty)
    ] = None,
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    commit: Annotated[
        str | None, typer.Option(help="Commit, or its first 4 or more digits.", callback=commit_part)
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Branch of --repo.", callback=not_empty)] = None,
    file: Annotated[str | None, typer.Option(help="File of --repo that was changed.", callback=not_empty)] = None,
    target: Annotated[
        str | None,
        typer.Option(help="account/region, such as prod/eu-west-1, prod/* or */eu-west-1.", callback=target_part),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host name in the inventory.", callback=not_empty)] = None,
    rollout: Annotated[
        str | None, typer.Option(help="Rollout, such as r-3f2a9c0d1e2b4a56.", callback=rollout_id)
    ] = None,
    route: Annotated[str | None, typer.Option(help="Route name in routes.yaml.", callback=not_empty)] = None,
    task: Annotated[str | None, typer.Option(help="Task name in the playbook.", callback=not_empty)] = None,
    outcomes: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome", help="Such as changed, failed or approved. Can be repeated.", callback=_check_outcomes
        ),
    ] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Event type. Can be repeated.", callback=_check_types)
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many events, the newest.")] = 100,
    by: Annotated[
        By | None,
        typer.Option(help="What a line of the answer is.", show_default="task in a table, else event"),
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what each task changed in its file.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show new events as they come, until Ctrl-C: table or jsonl.")
    ] = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Search the audit trail. An event is shown if it meets every condition."""
    if has_subcommand(ctx):
        return
    from pointsman.core.index.outcomes import STEP_TYPES
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.commands.audit.follow import check_follow, follow_trail
    from pointsmanctl.stack.conditions import Conditions, has_entries
    from pointsmanctl.stack.trail_query import TrailReader

    query = Conditions(
        actor=actor,
        author=author,
        repo=repository,
        commit=commit,
        branch=branch,
        file=file,
        target=target,
        host=host,
        rollout=rollout,
        route=route,
        task=task,
        outcome=tuple(outcomes or ()),
        type=tuple(types or ()),
        since=since,
        until=until,
    ).query(datetime.now(UTC))
    if follow:
        check_follow(query, until, output)
    reader = TrailReader.of(connect_stack(cloud, stack, region))
    if follow:
        follow_trail(reader, query, output, diff=diff)
        return
    by = by or (By.TASK if output is Format.TABLE else By.EVENT)
    if by is not By.EVENT and output is not Format.TABLE and not has_entries(query):
        raise typer.BadParameter("steps of a run are events: use --by event", param_hint="--by")
    if by is not By.EVENT and has_entries(query):
        _print_groups(reader, query, limit, by, output, diff=diff, pager=pager)
        return
    events = _newest(reader, query, limit)
    all_asked_for = query == IndexQuery(rollout=rollout, until=query.until) and len(events) < limit
    # Of a rollout that is too large to read, there is what the index has: no step of a run.
    whole = all_asked_for and any(event.type in STEP_TYPES for event in events)
    _print(reader, events, query, output, diff=diff, pager=pager, complete=whole)


def _newest(reader: "TrailReader", query: "IndexQuery", limit: int) -> list["ReadEvent"]:
    """Return at most `limit` events; warns when there are more."""
    events = reader.events(query, limit + 1)
    if len(events) > limit:
        warn_of_more(limit, "event")
    return events[-limit:]


def _print_groups(
    reader: "TrailReader", query: "IndexQuery", limit: int, by: By, output: Format, *, diff: bool, pager: bool
) -> None:
    from pointsmanctl.output.console import show
    from pointsmanctl.output.group_table import host_table, task_table
    from pointsmanctl.stack.entry_tasks import tasks_asked_for

    found = list(tasks_asked_for(reader, query, limit + 1, diffs=diff))
    if len(found) > limit:
        warn_of_more(limit, "event")
    if output is not Format.TABLE:
        _print_group_objects(found[:limit], by, output)
    elif found:
        table = task_table if by is By.TASK else host_table
        show(table(found[:limit]), pager=pager)
    else:
        _note_nothing(query)


def _print_group_objects(found: "Sequence[FoundTasks]", by: By, output: Format) -> None:
    from pointsmanctl.output import group_shapes as shapes

    if by is By.TASK:
        objects = shapes.task_objects(found)
        print_objects(objects, output, shapes.TASK_COLUMNS, shapes.task_rows(objects))
    else:
        objects = shapes.host_objects(found)
        print_objects(objects, output, shapes.HOST_COLUMNS, shapes.host_rows(objects))


def _print(
    reader: "TrailReader",
    events: list["ReadEvent"],
    query: "IndexQuery",
    output: Format,
    *,
    diff: bool,
    pager: bool,
    complete: bool,
) -> None:
    from pointsmanctl.output.console import show
    from pointsmanctl.output.shapes import EVENT_COLUMNS, event_object
    from pointsmanctl.output.trail_table import trail_table

    if output is not Format.TABLE:
        print_objects([event_object(event) for event in reversed(events)], output, EVENT_COLUMNS)
    elif events:
        missing = reader.missing_ends(events)
        show(trail_table(events, diffs=diff, complete=complete, missing_ends=missing), pager=pager)
    else:
        _note_nothing(query)


def _note_nothing(query: "IndexQuery") -> None:
    from pointsmanctl.stack.conditions import nothing_found

    note(nothing_found(query))
