"""The pages of hosts: all of them, one with its history, and who changed a file of it."""

from itertools import groupby, islice
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pointsman.core.index.entry import HostEntry
from pointsman.core.index.query import IndexQuery
from pointsmanctl.console.rendering import page
from pointsmanctl.console.source import source_of
from pointsmanctl.console.views.group_view import rows_by_time, task_rows
from pointsmanctl.errors import NotFound
from pointsmanctl.output.entry_lines import changed_files
from pointsmanctl.stack.blame import changes_of, similar_paths, with_diffs
from pointsmanctl.stack.entry_tasks import with_tasks

PAGE: Final = 50
_CHANGES: Final = 30
_PATHS: Final = 20  # files that are listed beside a history


def hosts_page(request: Request) -> Response:
    """Show every host with its newest result."""
    text = request.query_params.get("q", "").strip()
    hosts = [each for each in source_of(request).trail.index.hosts() if _is_meant(each, text)]
    by_target = groupby(sorted(hosts, key=lambda each: (each.target, each.host)), key=lambda each: each.target)
    groups = [(target, list(found)) for target, found in by_target]
    return page(request, "hosts.html", groups=groups, q=text, number=len(hosts))


def _is_meant(host: HostEntry, text: str) -> bool:
    return text.lower() in f"{host.target}/{host.host} {host.instance_id or ''} {host.outcome}".lower()


def host_page(request: Request) -> Response:
    """Show the history of a host; with `path`, that of one of its files."""
    source, host = source_of(request), _known(request)
    account, _, region = host.target.partition("/")
    query = IndexQuery(host=host.host, account=account, region=region)
    if path := request.query_params.get("path"):
        return _blame(request, host, query.replace(path=path))
    before = request.query_params.get("before") or None
    found = list(islice(source.trail.find(query.replace(before=before)), PAGE + 1))
    entries = [each.entry for each in found[:PAGE]]
    files = [changed_files(task)[0] for entry in entries for task in entry.tasks]
    return page(
        request,
        "host.html",
        host=host,
        rows=rows_by_time(with_tasks(source.trail, entries, ())),
        files=[each for each in dict.fromkeys(files) if each][:_PATHS],
        older=found[PAGE - 1].sort_key if len(found) > PAGE else None,
    )


def _blame(request: Request, host: HostEntry, query: IndexQuery) -> Response:
    source = source_of(request)
    changes = with_diffs(source.trail, changes_of(source.trail, query, _CHANGES))
    rows = [(each, next(task_rows([each.task]))) for each in changes]
    similar = [] if changes else similar_paths(source.trail, query)
    return page(request, "blame.html", host=host, file=query.path, changes=rows, similar=similar)


def _known(request: Request) -> HostEntry:
    target, name = "{account}/{region}".format(**request.path_params), request.path_params["host"]
    found = [each for each in source_of(request).trail.index.hosts(name) if each.target == target]
    if not found:
        raise NotFound(f"the trail has no result of a host {target}/{name}")
    return found[0]
