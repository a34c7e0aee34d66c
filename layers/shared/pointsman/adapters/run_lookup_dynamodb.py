"""The AskedFor port on the rollouts table. `rollouts_dynamodb.py` tells how its items lie there."""

from datetime import date
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.rollouts_dynamodb import run_sort_key
from pointsman.core.audit.authorize import StoredRun
from pointsman.core.audit.build_event import RunReference
from pointsman.core.model import Rollout, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoRunLookup:
    """Reads one rollout and one run, each by its key, and counts the results of builds."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, run: RunReference) -> StoredRun | None:
        """See AskedFor.find."""
        partition = f"ROLLOUT#{run.rollout}"
        rollout = self._read(partition, "ROLLOUT")
        if rollout is None:
            return None
        stored = self._read(partition, run_sort_key(run.target, run.attempt))
        return StoredRun(rollout=Rollout.read(rollout), run=Run.read(stored) if stored else None)

    def count_result(self, build_arn: str) -> int:
        """See AskedFor.count_result."""
        return self._count(build_arn)

    def count_rejected(self, account: str, day: date) -> int:
        """See AskedFor.count_rejected."""
        return self._count(f"REJECTED#{account}#{day}")

    def _count(self, what: str) -> int:
        """One more. It may miss one that is counted at the same time: it is a bound, no statistic."""
        key = {"pk": f"RESULTS#{what}", "sk": "RESULTS"}
        counted = (self._item(**key) or {}).get("results", 0) + 1
        with translate_aws_errors(f"counting {what}"):
            self._client.put_item(TableName=self._table, Item=marshal(key | {"results": counted}))
        return int(counted)

    def _read(self, pk: str, sk: str) -> dict[str, Any] | None:
        item = self._item(pk, sk)
        return item["data"] if item else None

    def _item(self, pk: str, sk: str) -> dict[str, Any] | None:
        with translate_aws_errors(f"reading {pk} {sk}"):
            answer = self._client.get_item(
                TableName=self._table, Key=marshal({"pk": pk, "sk": sk}), ConsistentRead=True
            )
        item = answer.get("Item")
        return unmarshal(item) if item else None
