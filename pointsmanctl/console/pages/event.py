"""The page of one event, and one diff of it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pointsman.core.index.entries import entry_of
from pointsman.core.index.event_names import name_of_event
from pointsman.core.index.outcomes import is_of_check
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded
from pointsman.core.trail.instance_events import InstanceDecided
from pointsman.core.trail.item import NewerEvent, ReadEvent
from pointsmanctl.console.rendering import environment, page
from pointsmanctl.console.source import source_of
from pointsmanctl.console.views.group_view import row_of_entry, task_rows, task_with_digest
from pointsmanctl.console.views.links import web_url
from pointsmanctl.errors import NotFound
from pointsmanctl.output.event_fields import event_fields
from pointsmanctl.stack.named_event import find_event


def event_page(request: Request) -> Response:
    """Show everything about an event that a list names."""
    return _page(request, find_event(source_of(request).trail, request.path_params["event"]))


def stored_event_page(request: Request) -> Response:
    """Show everything about an event by its key in the trail."""
    partition, key = (request.query_params.get(name, "") for name in ("pk", "sk"))
    if not partition or not key:
        raise NotFound("this address names no event: it needs `pk` and `sk`")
    return _page(request, find_event(source_of(request).trail, partition, key))


def event_diff(request: Request) -> Response:
    """Return one diff of an event."""
    event = find_event(source_of(request).trail, request.path_params["event"])
    task = task_with_digest(getattr(event, "tasks", ()), request.path_params["digest"])
    if task is None:
        raise NotFound("the event has no such diff")
    [row] = task_rows([task])
    return Response(environment().get_template("diff_part.html").render(task=row), media_type="text/html")


def _page(request: Request, event: ReadEvent) -> Response:
    entry = entry_of(event, None, misses_results=source_of(request).trail.misses_results(event))
    is_check = is_of_check(entry)
    return page(
        request,
        "event.html",
        event=event,
        name="" if isinstance(event, NewerEvent) else name_of_event(event),
        row=row_of_entry(entry, ()),
        tasks=list(task_rows(event.tasks, is_check=is_check)) if isinstance(event, HostResultRecorded) else [],
        decisions=event.decisions if isinstance(event, DeliveryDecided | InstanceDecided) else (),
        fields=[(name, text, _link(name, text)) for name, text in event_fields(event)],
    )


def _link(name: str, text: Any) -> str | None:
    return web_url(text) if name.endswith("url") else None
