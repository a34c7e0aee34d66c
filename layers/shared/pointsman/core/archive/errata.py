"""The errata of the archive: which change of an item they account for."""

from collections.abc import Iterable
from typing import Any

from msgspec import ValidationError

from pointsman.core.archive.chain import ArchivedEvent
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.item import digest


class Errata:
    """Errata that were archived: by item, which hash became which."""

    def __init__(self) -> None:
        self._after: dict[tuple[str, str], dict[str, str]] = {}

    def note(self, lines: Iterable[ArchivedEvent]) -> None:
        """Note the errata among the events of an hour, if they are as they were archived."""
        for line in lines:
            if line.type == ErratumRecorded.__name__ and digest(line.data) == line.sha256:
                self._note(line.event_partition, line.data)

    def _note(self, partition: str, data: Any) -> None:
        try:
            erratum = ErratumRecorded.read(data)
        except ValidationError:  # somebody put it into the table
            return
        changes = self._after.setdefault((partition, erratum.item_key), {})
        changes[erratum.sha256_before] = erratum.sha256_after

    def before(self, partition: str, key: str, after: str) -> str | None:
        """The hash from which an erratum made `after`; None: none did."""
        changes = self._after.get((partition, key), {})
        return next((before for before, each in changes.items() if each == after), None)

    def explain(self, partition: str, key: str, before: str, after: str) -> bool:
        """Whether errata turned an item of the hash `before` into one of the hash `after`."""
        changes = self._after.get((partition, key), {})
        seen = set[str]()
        while before in changes and before not in seen:
            seen.add(before)
            before = changes[before]
            if before == after:
                return True
        return False
