"""The AskedFor port on the rollouts table. `rollouts_dynamodb.py` tells how its items lie there."""

from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import errors_sorted
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.rollouts_dynamodb import run_sort_key
from pointsman.core.believe import Asked
from pointsman.core.build_event import RunName
from pointsman.core.model import Rollout, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoAskedFor:
    """Reads one rollout and one run, each by its key: the role needs GetItem and nothing more."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, run: RunName) -> Asked | None:
        """See AskedFor.find."""
        partition = f"ROLLOUT#{run.rollout}"
        rollout = self._read(partition, "ROLLOUT")
        if rollout is None:
            return None
        stored = self._read(partition, run_sort_key(run.target, run.attempt))
        return Asked(rollout=Rollout.model_validate(rollout), run=Run.model_validate(stored) if stored else None)

    def _read(self, pk: str, sk: str) -> dict[str, Any] | None:
        with errors_sorted(f"reading {pk} {sk}"):
            answer = self._client.get_item(
                TableName=self._table, Key=marshal({"pk": pk, "sk": sk}), ConsistentRead=True
            )
        item = answer.get("Item")
        return unmarshal(item)["data"] if item else None
