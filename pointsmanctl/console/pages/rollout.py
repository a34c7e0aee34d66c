"""The page of a rollout: its waves and runs, what it did on which host, and how it came about."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.decision import Decision
from pointsman.core.index.query import IndexQuery
from pointsman.core.trail.events import DeliveryDecided
from pointsman.core.trail.keys import delivery_partition
from pointsmanctl.console.live_rollouts import WatchedRollout
from pointsmanctl.console.rendering import environment, live_part, page, part_of_page
from pointsmanctl.console.source import ConsoleSource, source_of
from pointsmanctl.console.views.group_view import folded, rows_by_task, rows_by_time
from pointsmanctl.console.views.rollout_view import rollout_card, run_rows
from pointsmanctl.errors import NotFound
from pointsmanctl.output.entry_lines import HOST_RESULT
from pointsmanctl.output.task_groups import with_differences
from pointsmanctl.output.times import local
from pointsmanctl.stack.entry_tasks import with_tasks
from pointsmanctl.stack.rollouts import LoadedRollout

MOST_ENTRIES: Final = 400  # of a rollout on its page; the timeline has all
_PART, _RESULTS = "rollout_part.html", "rollout_results.html"


def rollout_page(request: Request) -> Response:
    """Show a rollout."""
    source, watched = source_of(request), _watched(request)
    part = part_of_page(_PART, **_progress(watched))
    return page(
        request,
        "rollout.html",
        rollout=rollout_card(watched.loaded),
        part=part,
        decision=_decision(source, watched.loaded),
        **_results(source, watched.loaded.rollout.id),
    )


def rollout_update(request: Request) -> Response:
    """Return how far the rollout is, if that has changed. Then the browser asks for the results, too."""
    answer = live_part(request, _PART, **_progress(_watched(request)))
    answer.headers["HX-Trigger"] = "rollout-news" if answer.body else ""
    return answer


def rollout_results(request: Request) -> Response:
    """Return what the rollout did, and its events."""
    source, name = source_of(request), request.path_params["rollout"]
    return Response(environment().get_template(_RESULTS).render(**_results(source, name)), media_type="text/html")


def _watched(request: Request) -> WatchedRollout:
    name = request.path_params["rollout"]
    watched = source_of(request).live.get(name)
    if watched is None:
        raise NotFound(f"there is no rollout {name}")
    return watched


def _progress(watched: WatchedRollout) -> dict[str, Any]:
    runs = run_rows(watched.loaded)
    return {
        "rollout": rollout_card(watched.loaded),
        "runs": runs,
        "with_day": _on_several_days(each.started_at for each in runs),
        "is_open": watched.is_open,
        "news": watched.news,
    }


def _results(source: ConsoleSource, rollout: str) -> dict[str, Any]:
    """Read the entries of a rollout once: the results of hosts by task, with each diff once, and the other events."""
    entries = [each.entry for each in islice(source.trail.find(IndexQuery(rollout=rollout)), MOST_ENTRIES + 1)]
    more = len(entries) > MOST_ENTRIES
    results = [each for each in entries[:MOST_ENTRIES] if each.type == HOST_RESULT]
    found = with_tasks(source.trail, results, with_differences(results))
    others = [(each, ()) for each in entries[:MOST_ENTRIES] if each.type != HOST_RESULT]
    groups, events = rows_by_task(found), folded(rows_by_time(others))
    with_day = _on_several_days(each.at for each in [*groups, *events])
    return {"rollout_id": rollout, "groups": groups, "events": events, "more": more, "with_day": with_day}


def _on_several_days(times: Iterable[datetime | None]) -> bool:
    """Whether a time of day alone does not say when something was."""
    return len({local(each).date() for each in times if each}) > 1


def _decision(source: ConsoleSource, loaded: LoadedRollout) -> tuple[DeliveryDecided, Decision] | None:
    """Return the decision from which a rollout followed; None if it has another reason, or the decision is gone."""
    rollout = loaded.rollout
    if rollout.request:
        return None
    trail = DynamoTrail(source.trail.client, source.trail.audit_table)
    for event in trail.of_partition(delivery_partition(rollout.delivery)):
        for decision in event.decisions if isinstance(event, DeliveryDecided) else ():
            if decision.rollout == rollout.id and isinstance(event, DeliveryDecided):
                return event, decision
    return None
