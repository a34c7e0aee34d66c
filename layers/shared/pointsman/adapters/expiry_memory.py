"""The Expiry port in memory, for tests."""


class MemoryExpiry:
    """Remembers whether it is on."""

    def __init__(self) -> None:
        self.on = False

    def switch(self, *, on: bool) -> bool:
        """See Expiry.switch."""
        changed, self.on = self.on != on, on
        return changed
