"""The web application: which address shows which page, and what an error looks like."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from pointsman.adapters.report_page.files import THEME
from pointsman.errors import PointsmanError
from pointsmanctl.console.pages import event, hosts, live, rollout, search, timeline
from pointsmanctl.console.pages import help as help_of_keys
from pointsmanctl.console.rendering import page
from pointsmanctl.console.security import METHODS, ConsoleAccess, ConsoleGuard
from pointsmanctl.console.source import ConsoleSource
from pointsmanctl.errors import CommandError, ExitCode, exit_code_of

STATIC: Final = Path(__file__).parent / "static"
_STATUS: Final = {ExitCode.NOT_FOUND: 404, ExitCode.USAGE: 400, ExitCode.UNAVAILABLE: 503}
_PAGES: Final[dict[str, Callable[[Request], Response]]] = {
    "/": live.live_page,
    "/live": live.live_update,
    "/rollouts/{rollout}": rollout.rollout_page,
    "/rollouts/{rollout}/live": rollout.rollout_update,
    "/rollouts/{rollout}/results": rollout.rollout_results,
    "/timeline": timeline.timeline_page,
    "/timeline/new": timeline.timeline_news,
    "/hosts": hosts.hosts_page,
    "/hosts/{account}/{region}/{host:path}": hosts.host_page,
    "/event": event.stored_event_page,
    "/events/{event}": event.event_page,
    "/events/{event}/diffs/{digest}": event.event_diff,
    "/search": search.search_page,
    "/help": help_of_keys.help_page,
}


def create_app(source: ConsoleSource, access: ConsoleAccess) -> ASGIApp:
    """Return the application behind its guard."""
    routes = [Route(path, handler, methods=METHODS) for path, handler in _PAGES.items()]
    handlers = {CommandError: _problem, PointsmanError: _problem, HTTPException: _problem, typer.BadParameter: _problem}
    app = Starlette(
        routes=[*routes, Route("/static/theme.css", _theme), Mount("/static", StaticFiles(directory=STATIC))],
        exception_handlers=handlers,
    )
    app.state.source = source
    return ConsoleGuard(app, access)


def _theme(_request: Request) -> Response:
    """Return the colours, which reports have, too."""
    return FileResponse(THEME)


def _problem(request: Request, error: Exception) -> Response:
    """Return a page that says what is wrong; for a part of a page, one line."""
    status, text = _words(error)
    if "hx-request" in request.headers:
        return PlainTextResponse(text, status)
    return page(request, "problem.html", status, text=text)


def _words(error: Exception) -> tuple[int, str]:
    match error:
        case HTTPException():
            return error.status_code, "there is no such page" if error.status_code == 404 else error.detail
        case typer.BadParameter():
            return 400, f"{error.param_hint}: {error.message}"
        case _:
            return _STATUS.get(exit_code_of(error), 500), str(error)
