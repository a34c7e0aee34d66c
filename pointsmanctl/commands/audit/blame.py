"""`pointsman audit blame`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.commands.audit.host import HostArgument
from pointsmanctl.errors import NotFound
from pointsmanctl.options import (
    OutputOption,
    PagerOption,
    RegionOption,
    StackOption,
    WhereOption,
    connect_stack,
    not_empty,
)
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import warn_of_more
from pointsmanctl.stack.connection import Where

if TYPE_CHECKING:
    from pointsman.core.index.query import IndexQuery
    from pointsmanctl.stack.trail_query import TrailReader


def blame(
    name: HostArgument,
    path: Annotated[str, typer.Argument(help="The file on the host: /etc/nginx/nginx.conf.", callback=not_empty)],
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many changes, the newest.")] = 20,
    diff: Annotated[bool, typer.Option("--diff", help="Show what each task changed in the file.")] = False,
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
    cloud: WhereOption = Where.AUTO,
    stack: StackOption = None,
    region: RegionOption = None,
) -> None:
    """Show who last changed a file on a host, and who before: the task, its commit, who pushed and approved it.

    It knows the changes by tasks whose modules report which file they changed, such as template, copy and lineinfile.
    Exits with 3 if it knows none.
    """
    from pointsmanctl.output.entry_shapes import BLAME_COLUMNS, blame_object
    from pointsmanctl.stack.blame import changes_of, with_diffs
    from pointsmanctl.stack.known_hosts import find_host
    from pointsmanctl.stack.trail_query import TrailReader

    reader = TrailReader.of(connect_stack(cloud, stack, region))
    known = find_host(reader.index, name)
    query = known.query.replace(path=path)
    changes = changes_of(reader, query, limit + 1)
    if not changes:
        raise NotFound(_unknown(reader, query))
    if len(changes) > limit:
        warn_of_more(limit, "change", "raise --limit")
    changes = with_diffs(reader, changes[:limit]) if diff else changes[:limit]
    if output is not Format.TABLE:
        print_objects([blame_object(each) for each in changes], output, BLAME_COLUMNS)
    else:
        from pointsmanctl.output.blame_lines import blame_table
        from pointsmanctl.output.console import show

        show(blame_table(changes, with_targets=len(known.targets) > 1), pager=pager)


def _unknown(reader: "TrailReader", query: "IndexQuery") -> str:
    from pointsmanctl.stack.blame import similar_paths

    message = f"no known task changed {query.path} on {query.host}"
    if similar := similar_paths(reader, query):
        return f"{message}. Did you mean {' or '.join(similar)}?"
    return f"{message}. A task is known by its file if its module reports which file it changed"
