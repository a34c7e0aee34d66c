"""Compares an hour of the export with the links of its digest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import ValidationError

from pointsman.core.archive.chain import ArchivedEvent, ChainLink, Head, agrees, link_after
from pointsman.core.archive.digest import Digest
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.findings import Finding, Kind
from pointsman.core.archive.lines import unpack

type _Id = tuple[str, str, int]


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
    chained = _check_chains(digest, lines or (), heads)
    if digest.file is None:
        return chained
    if lines is None:
        return [
            *chained,
            *(
                _finding("removed", digest, link, "cannot be read, nor can the rest of its file")
                for link in digest.links[:1]
            ),
        ]
    return [*chained, *_compare(digest, lines, errata)]


def _compare(digest: Digest, lines: Sequence[ArchivedEvent], errata: Errata) -> list[Finding]:
    wanted, found = {_id(link): link for link in digest.links}, [line.as_link for line in lines]
    times = Counter(map(_id, found))
    findings = [
        _finding("removed", digest, link, "is not in its file") for key, link in wanted.items() if not times[key]
    ]
    findings += [
        _finding("inserted", digest, link, "is in its file, but not in the digest")
        for link in found
        if _id(link) not in wanted or times[_id(link)] > 1
    ]
    if not findings and [*wanted] != [*map(_id, found)]:
        moved = next(link for link, key in zip(found, wanted, strict=True) if _id(link) != key)
        return [_finding("reordered", digest, moved, "is in another place of its file")]
    return findings + _changed(digest, wanted, lines, errata)


def _changed(
    digest: Digest, wanted: Mapping[_Id, ChainLink], lines: Sequence[ArchivedEvent], errata: Errata
) -> list[Finding]:
    different = {
        _id(line.as_link): line.as_link
        for line in lines
        if (link := wanted.get(_id(line.as_link))) and not _is_as_signed(line, link, errata)
    }
    owners = {wanted[key].sha256: key for key in different}
    findings = []
    for key, link in different.items():
        owner = owners.get(link.sha256, key)
        if owner != key:
            findings.append(_finding("reordered", digest, wanted[key], f"has the content of {owner[1]}"))
        else:
            findings.append(_finding("changed", digest, wanted[key], "is not as it was archived"))
    return findings


def _is_as_signed(line: ArchivedEvent, link: ChainLink, errata: Errata) -> bool:
    now = line.as_link
    same = now.replace(sha256=link.sha256) == link and line.sha256 == link.sha256
    explained = now.sha256 == link.sha256 or errata.explain(link.partition, link.key, link.sha256, now.sha256)
    return same and explained and (line.change == "REMOVE" or agrees(_item(line)))


def _item(line: ArchivedEvent) -> dict[str, Any]:
    return {**line.to_dict(), "at": line.event_time.isoformat()}


def _check_chains(digest: Digest, lines: Sequence[ArchivedEvent], heads: dict[str, Head]) -> list[Finding]:
    previous = {_id(line.as_link): line.previous for line in lines}
    findings = []
    for link in digest.links:
        head = heads.get(link.partition)
        start = head.link if head else "" if link.number == 1 else previous.get(_id(link))
        follows = head is None or link.number == head.number + 1
        if start is None:
            continue  # the line is gone, which is found elsewhere
        if not follows or link_after(start, link.change, link.partition, link.key, link.sha256) != link.link:
            findings.append(_finding("reordered", digest, link, "does not follow the event before it in its partition"))
        heads[link.partition] = Head.at(link)
    return findings


def _id(link: ChainLink) -> _Id:
    return link.partition, link.key, link.number


def _finding(kind: Kind, digest: Digest, link: ChainLink, problem: str) -> Finding:
    return Finding(
        kind=kind,
        where="archive",
        hour=digest.hour,
        number=link.number,
        partition=link.partition,
        key=link.key,
        detail=f"{link.key} of {link.partition} {problem}",
    )
