"""Removes from the export what an erratum has removed from the trail. The digests stay as they are.

The digest keeps the hash of the text as it was, and the erratum has the hashes before and after: so the line can be
altered, and everybody sees by what.
"""

from collections.abc import Iterator
from itertools import batched
from typing import Final

from pointsman.core.archive.chain import ArchivedEvent, ChainLink
from pointsman.core.archive.digest import Digest, SignedDigest, digest_name
from pointsman.core.archive.errata import Errata
from pointsman.core.archive.lines import pack, unpack
from pointsman.core.archive.ports import ArchiveStore
from pointsman.core.archive.stream import hour_of

_DIGESTS: Final = 48  # read at a time


def erase(store: ArchiveStore, digest: Digest) -> None:
    """Replace the lines that errata of this digest are about. Doing it again changes nothing."""
    if digest.file is None or all(link.change != "MODIFY" for link in digest.links):
        return
    lines = _lines(store, digest)
    errata = Errata()
    errata.note(lines)
    for line in lines:
        before = errata.before(line.event_partition, line.event_key, line.sha256)
        if line.change == "MODIFY" and before:
            _erase_line(store, line, before, digest)


def _erase_line(store: ArchiveStore, now: ArchivedEvent, before: str, last: Digest) -> None:
    for digest in _digests(store, now, last):
        if any(_is_of(link, now) and link.sha256 == before for link in digest.links):
            lines = [_erased(line, now, before) for line in _lines(store, digest)]
            store.put({str(digest.file): pack(line.to_dict() for line in lines)})
            return


def _erased(line: ArchivedEvent, now: ArchivedEvent, before: str) -> ArchivedEvent:
    """The line with the data of `now`, but its place in the chain and its hash as they were."""
    if not _is_of(line.as_link, now) or line.sha256 != before:
        return line
    chained = ("change", "number", "sequence", "previous", "link", "sha256", "written_at", "from_table", "expires_at")
    return now.replace(**{name: getattr(line, name) for name in chained})


def _is_of(link: ChainLink, line: ArchivedEvent) -> bool:
    return (link.partition, link.key) == (line.event_partition, line.event_key)


def _digests(store: ArchiveStore, line: ArchivedEvent, last: Digest) -> Iterator[Digest]:
    """The digests in which an event can be, from the hour in which it happened."""
    names = store.digest_names(digest_name(hour_of(line.event_time)), last.name)
    for batch in batched(names, _DIGESTS):
        contents = store.digests(batch)
        yield from (SignedDigest.read_bytes(contents[name]).digest for name in batch if name in contents)


def _lines(store: ArchiveStore, digest: Digest) -> list[ArchivedEvent]:
    contents = store.load([str(digest.file)])
    return [ArchivedEvent.read(each) for each in unpack(contents[str(digest.file)])] if contents else []
