"""The Instances port in memory: the twin for tests."""

from pointsman.core.ports import FoundInstance
from pointsman.errors import Misconfigured


class MemoryInstances:
    """Instances in a dictionary, by account, region and id."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], FoundInstance] = {}
        self.closed: set[str] = set()  # accounts whose role cannot be assumed

    def find(self, account_id: str, region: str, instance_id: str) -> FoundInstance | None:
        """See Instances.find."""
        if account_id in self.closed:
            raise Misconfigured(f"describing instance {instance_id} in {account_id}/{region}: AccessDenied")
        return self.known.get((account_id, region, instance_id))
