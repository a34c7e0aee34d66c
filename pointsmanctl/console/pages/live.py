"""The first page: what runs, what waits for what and until when, and what ended of late."""

from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pointsmanctl.console.rendering import live_part, page, part_of_page
from pointsmanctl.console.source import ConsoleSource, source_of
from pointsmanctl.console.views.rollout_view import rollout_card
from pointsmanctl.stack.freezes import by_people, by_windows

RECENT: Final = timedelta(hours=24)
_PART: Final = "live_part.html"


def live_page(request: Request) -> Response:
    """Show the rollouts."""
    source = source_of(request)
    source.live.read_recent(source.clock() - RECENT)
    part = part_of_page(_PART, **_values(source))
    return page(request, "live.html", part=part)


def live_update(request: Request) -> Response:
    """Return what of the page may have changed."""
    return live_part(request, _PART, **_values(source_of(request)))


def _values(source: ConsoleSource) -> dict[str, Any]:
    watched = [each.loaded for each in source.live.open()]
    plans = {each.rollout.spec.route: each.rollout.spec.plan for each in reversed(watched)}
    windows = {route: plan.freezes for route, plan in plans.items() if plan}
    now = source.clock()
    return {
        "rollouts": [rollout_card(each) for each in watched],
        "recent": [rollout_card(each.loaded) for each in source.live.recent()],
        "freezes": [*by_people(source.live.freezes(), now), *by_windows(windows, now)],
    }
