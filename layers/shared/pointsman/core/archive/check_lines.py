"""Compares an hour of the export with the links of its digest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import ValidationError

from pointsman.core.archive.chain import ArchivedEvent, ChainLink, Head, agrees, link_after
from pointsman.core.archive.digest import Digest
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.findings import Finding, of_event, owners
from pointsman.core.archive.lines import unpack
from pointsman.core.trail.item import ATTRIBUTES

type _Id = tuple[str, str, int]
type _Found = tuple[ArchivedEvent, ChainLink]  # a line, and what it says now: each is hashed once

_of_line = partial(of_event, "archive")


def read_lines(content: bytes | None) -> list[ArchivedEvent] | None:
    """The events of an object of the export; None: they cannot be read."""
    try:
        return [ArchivedEvent.read(each) for each in unpack(content or b"")]
    except (ValueError, ValidationError):
        return None


def check_lines(
    digest: Digest, lines: Sequence[ArchivedEvent] | None, errata: Errata, heads: dict[str, Head]
) -> list[Finding]:
    """Compare the lines of an hour with its digest, and the digest's links with the ends of the chains before it."""
    found = [(line, line.as_link) for line in lines or ()]
    findings = _check_chains(digest, found, heads)
    if digest.file and lines is None:
        unreadable = "cannot be read, nor can the rest of its file"
        return [*findings, *(_of_line("removed", digest, link, unreadable) for link in digest.links[:1])]
    return [*findings, *_compare(digest, found, errata)]


def _compare(digest: Digest, lines: Sequence[_Found], errata: Errata) -> list[Finding]:
    wanted, found = {_id(link): link for link in digest.links}, [link for _, link in lines]
    times = Counter(map(_id, found))
    findings = [
        _of_line("removed", digest, link, "is not in its file") for key, link in wanted.items() if not times[key]
    ]
    findings += [
        _of_line("inserted", digest, link, "is in its file, but not in the digest")
        for link in found
        if _id(link) not in wanted or times[_id(link)] > 1
    ]
    if not findings and [*wanted] != [*map(_id, found)]:
        moved = next(link for link, key in zip(found, wanted, strict=True) if _id(link) != key)
        return [_of_line("reordered", digest, moved, "is in another place of its file")]
    return findings + _changed(digest, wanted, lines, errata)


def _changed(digest: Digest, wanted: Mapping[_Id, ChainLink], lines: Sequence[_Found], errata: Errata) -> list[Finding]:
    different = {
        _id(now): (link.sha256, now.sha256)
        for line, now in lines
        if (link := wanted.get(_id(now))) and not _is_as_signed(line, now, link, errata)
    }
    findings = []
    for key, owner in owners(different):
        if owner != key:
            findings.append(_of_line("reordered", digest, wanted[key], f"has the content of {owner[1]}"))
        else:
            findings.append(_of_line("changed", digest, wanted[key], "is not as it was archived"))
    return findings


def _is_as_signed(line: ArchivedEvent, now: ChainLink, link: ChainLink, errata: Errata) -> bool:
    same = now.replace(sha256=link.sha256) == link and line.sha256 == link.sha256
    chained = link_after(line.previous, link.change, link.partition, link.key, link.sha256) == link.link
    explained = now.sha256 == link.sha256 or errata.explain(link.partition, link.key, link.sha256, now.sha256)
    return same and chained and explained and (line.change == "REMOVE" or agrees(_item(line)))


def _item(line: ArchivedEvent) -> dict[str, Any]:
    attributes = {name: getattr(line, name) for name in ("type", *ATTRIBUTES)}
    return {**attributes, "at": line.event_time.isoformat(), "data": line.data}


def _check_chains(digest: Digest, lines: Sequence[_Found], heads: dict[str, Head]) -> list[Finding]:
    """Compare the digest's links with the ends of the chains before. An end from before the range is in the lines."""
    previous = {_id(link): line.previous for line, link in lines}
    findings = []
    for link in digest.links:
        head = heads.get(link.partition)
        start = head.link if head else "" if link.number == 1 else previous.get(_id(link))
        heads[link.partition] = Head.at(link)
        if start is None:
            continue  # the line is gone, which is found elsewhere
        follows = head is None or link.number == head.number + 1
        if not follows or link_after(start, link.change, link.partition, link.key, link.sha256) != link.link:
            findings.append(_of_line("reordered", digest, link, "does not follow the event before it in its partition"))
    return findings


def _id(link: ChainLink) -> _Id:
    return link.partition, link.key, link.number
