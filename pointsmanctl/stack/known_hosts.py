"""The host that a person names: `web-1`, `prod/web-1` or `prod/eu-west-1/web-1`."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import EntryReader
from pointsmanctl.errors import NotFound

SUGGESTED: Final = 3


@dataclass(frozen=True)
class KnownHost:
    """A host of the trail, or several of the same name: one in each of `targets`."""

    name: str
    targets: tuple[str, ...]
    query: IndexQuery


def find_host(index: EntryReader, text: str) -> KnownHost:
    """Find a host by its name, alone or with its account, or with its account and region. Raises NotFound."""
    for parts in range(3):
        *where, name = text.split("/", parts)
        if len(where) < parts or not name:
            break
        targets = tuple(each.target for each in index.hosts(name) if each.target.split("/")[:parts] == where)
        if targets:
            account, region = [*where, None, None][:2]
            return KnownHost(name, targets, IndexQuery(host=name, account=account, region=region))
    raise NotFound(_unknown(index, text))


def _unknown(index: EntryReader, text: str) -> str:
    message = f"the trail has no result of a host {text!r}"
    hosts = index.hosts()
    names = {each.host: each.host for each in hosts}
    names |= {f"{each.target}/{each.host}": f"{each.target}/{each.host}" for each in hosts if "/" in text}
    folded = {name.lower(): name for name in names}
    similar = [folded[each] for each in get_close_matches(text.lower(), folded, SUGGESTED, cutoff=0.5)]
    return f"{message}. Did you mean {' or '.join(similar)}?" if similar else f"{message}. Names are case-sensitive"
