"""The errata of the archive: which change of an item they account for."""

from collections.abc import Iterable

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

    def _note(self, partition: str, data: dict[str, str]) -> None:
        changes = self._after.setdefault((partition, data["item_key"]), {})
        changes[data["sha256_before"]] = data["sha256_after"]

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
