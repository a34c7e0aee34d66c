"""From view models to pages. Every text is escaped, and hidden characters show as their codes."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pointsman.core.index.outcomes import in_words
from pointsman.core.text import escape_invisible, join_first, pluralize
from pointsmanctl.console.source import source_of
from pointsmanctl.console.views import links
from pointsmanctl.console.views.tones import tone_of
from pointsmanctl.output.sanitize import KEPT
from pointsmanctl.output.times import as_json, local_text, zone_name

KEYS: Final = (
    ("/", "Search"),
    ("j, k", "Next row, row before"),
    ("Enter", "Open the row"),
    ("d", "Show or hide all diffs"),
    ("g then l", "Live rollouts"),
    ("g then t", "Timeline"),
    ("g then h", "Hosts"),
    ("u", "Up: to the list"),
    ("?", "These keys"),
    ("Esc", "Leave the field, close the keys"),
)
_UNCHANGED: Final = 204


@cache
def environment() -> Environment:
    """Return the templates with their filters."""
    made = Environment(
        loader=PackageLoader("pointsmanctl.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.filters |= {"moment": moment, "clock": clock, "in_words": in_words, "tone": tone_of, "names": join_first}
    made.globals |= {"links": links, "pluralize": pluralize, "zone": zone_name, "keys": KEYS}
    return made


def _visible(value: Any) -> Any:
    """Return what an expression shows: nothing for None, and text without characters that hide or turn others."""
    if value is None:
        return ""
    return escape_invisible(value, KEPT) if isinstance(value, str) and not isinstance(value, Markup) else value


def moment(at: datetime) -> Markup:
    """Return a time with its day."""
    return _time(at, local_text(at))


def clock(at: datetime) -> Markup:
    """Return a time of a day that is known."""
    return _time(at, local_text(at, "%H:%M:%S"))


def _time(at: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(as_json(at), text)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    place = source_of(request).place
    text = environment().get_template(template).render(place=place, path=request.url.path, **values)
    return HTMLResponse(text, status)


def live_part(request: Request, template: str, **values: Any) -> Response:
    """Return a part of a page that is asked for again and again; 204 if it is as the browser has it (`seen`)."""
    version = _version(template, values)
    if request.query_params.get("seen") == version:
        return Response(status_code=_UNCHANGED)
    return HTMLResponse(_rendered(template, values, version))


def part_of_page(template: str, **values: Any) -> Markup:
    """Return a part of a page, with its version in its field `seen`."""
    return Markup(_rendered(template, values, _version(template, values)))  # noqa: S704 - it is what a template made


def _version(template: str, values: Mapping[str, Any]) -> str:
    return sha256(_rendered(template, values, version="").encode()).hexdigest()[:16]


def _rendered(template: str, values: Mapping[str, Any], version: str) -> str:
    return environment().get_template(template).render(version=version, **values)
