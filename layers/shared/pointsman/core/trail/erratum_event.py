"""The trail's event of an erratum: values that had to be removed from an item."""

from pointsman.core.trail.event import Event


class ErratumRecorded(Event, kw_only=True, frozen=True):
    """A person, `actor`, removed values from an item that must not be there. The digests are by `item.digest`."""

    erratum: str  # its id
    reason: str  # in that person's words
    item_partition: str  # partition key of the item
    item_key: str  # sort key of the item
    fields: tuple[str, ...]  # "tasks.0.diff"
    sha256_before: str  # of the item as it was
    sha256_after: str  # of the item as it is

    @property
    def partition(self) -> str:
        """The altered item's, so that both are read together."""
        return self.item_partition

    @property
    def key(self) -> str:
        """One per erratum."""
        return f"{self.type}#{self.erratum}"
