"""The rollouts table of start_build, whose writes are counted for metrics."""

from typing import TYPE_CHECKING

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.core.ports import Transition
from pointsman.core.rollouts.run_tally import RunTally

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class CountedRollouts(DynamoRollouts):
    """Every run starts and ends in a transition that this table has stored."""

    def __init__(
        self,
        tally: RunTally,
        client: "DynamoDBClient",
        rollouts_table: str,
        audit_table: str,
        expire_after_days: int = 0,
    ) -> None:
        super().__init__(client, rollouts_table, audit_table, expire_after_days)
        self._tally = tally

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        super().commit(transition)
        self._tally.note(transition)
