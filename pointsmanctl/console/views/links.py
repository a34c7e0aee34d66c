"""Addresses in pages. Text of the trail is quoted, and only the web is linked to."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode, urlsplit

from pointsman.core.index.entry import IndexEntry
from pointsman.core.index.event_names import name_of_entry
from pointsman.core.index.outcomes import STEP_TYPES


def web_url(url: str | None) -> str | None:
    """Return an address if it is one of the web: never a script."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def host_url(target: str, host: str) -> str:
    """Return the address of a host's page."""
    return f"/hosts/{quote(target)}/{quote(host, safe='')}"


def blame_url(target: str, host: str, path: str) -> str:
    """Return the address of the history of a file on a host."""
    return f"{host_url(target, host)}?{urlencode({'path': path})}"


def rollout_url(rollout: str) -> str:
    """Return the address of a rollout's page."""
    return f"/rollouts/{quote(rollout, safe='')}"


def event_url(entry: IndexEntry) -> str:
    """Return the address of an event's page: by its name, or by its key if no list of the index has it."""
    if entry.type in STEP_TYPES:
        return stored_event_url(entry.event_partition, entry.event_key)
    return f"/events/{name_of_entry(entry)}"


def stored_event_url(partition: str, key: str) -> str:
    """Return the address of the page of an event that no list has."""
    return f"/event?{urlencode({'pk': partition, 'sk': key})}"


def timeline_url(conditions: Mapping[str, str | Iterable[str]] | None = None, /, **more: str) -> str:
    """Return the address of a search."""
    asked = query({**(conditions or {}), **more})
    return f"/timeline?{asked}" if asked else "/timeline"


def query(values: Mapping[str, str | Iterable[str]]) -> str:
    """Return values as the query of an address, without those that are empty."""
    return urlencode({name: value for name, value in values.items() if value}, doseq=True)
