"""The search field at the top: one word finds a rollout, an event, a commit, a host, a file, a person or a task."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pointsman.core.index.event_names import is_name
from pointsmanctl.console.rendering import page
from pointsmanctl.console.source import source_of
from pointsmanctl.console.views.links import rollout_url, timeline_url

_ROLLOUT: Final = re.compile(r"r-[0-9a-f]{16}")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{6,40}")
_TARGET: Final = re.compile(r"[a-z0-9-]+/[a-z]{2}(-[a-z]+)+-\d")
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_WHOLE_COMMIT: Final = 40
MOST_HOSTS: Final = 30


@dataclass(frozen=True)
class SearchSuggestion:
    """A question that a text may mean."""

    label: str
    url: str


def search_page(request: Request) -> Response:
    """Lead to what a text names, or show what it may mean."""
    text = request.query_params.get("q", "").strip()
    place = direct(text)
    if place and not may_be_host(text):
        return RedirectResponse(place, 303)
    hosts = source_of(request).trail.index.hosts() if text else []
    found = [each for each in hosts if text.lower() in f"{each.target}/{each.host}".lower()]
    if place and not found:
        return RedirectResponse(place, 303)
    return page(
        request, "search.html", q=text, hosts=found[:MOST_HOSTS], hosts_found=len(found), suggestions=suggestions(text)
    )


def direct(text: str) -> str | None:
    """Return the address of what a text names, unless a host has such a name; None if it may mean several things."""
    if _ROLLOUT.fullmatch(text):
        return rollout_url(text)
    if is_name(text):
        return _event_url(text)
    if _is_commit(text):
        return timeline_url(commit=text.lower())
    return timeline_url(target=text) if _TARGET.fullmatch(text) else None


def may_be_host(text: str) -> bool:
    """Whether the name of an event or the beginning of a commit may be a host's name, too: `cache-0001`, `db0001`."""
    return is_name(text) or (_is_commit(text) and len(text) < _WHOLE_COMMIT)


def _is_commit(text: str) -> bool:
    return _COMMIT.fullmatch(text) is not None and re.search(r"\d", text) is not None


def _event_url(name: str) -> str:
    return f"/events/{name}"


def suggestions(text: str) -> list[SearchSuggestion]:
    """Return the searches of the timeline that a text may mean."""
    if not text:
        return []
    made = [
        SearchSuggestion(f"Changes by the person {text}", timeline_url(actor=text)),
        SearchSuggestion(f"Changes on the route {text}", timeline_url(route=text)),
        SearchSuggestion(f"Results of the task “{text}”", timeline_url(task=text)),
    ]
    if is_name(text):
        made.insert(0, SearchSuggestion(f"The event {text}", _event_url(text)))
    if _is_commit(text):
        made.insert(0, SearchSuggestion(f"The commit {text}", timeline_url(commit=text.lower())))
    if _REPOSITORY.fullmatch(text):
        made.insert(0, SearchSuggestion(f"Changes of the repository {text}", timeline_url(repo=text)))
    return made
