"""The RunLookup port on the rollouts table. `rollouts_table.py` has its layout."""

from datetime import date
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.rollouts_table import Key, build_results_key, rejected_results_key, rollout_key, run_key
from pointsman.core.audit.authorize import StoredRun
from pointsman.core.audit.build_event import RunReference
from pointsman.core.model import Rollout, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoRunLookup:
    """Reads one rollout and one run by their keys, and counts the results of builds."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find(self, run: RunReference) -> StoredRun | None:
        """See RunLookup.find."""
        rollout = self._get(rollout_key(run.rollout))
        if rollout is None:
            return None
        stored = self._get(run_key(run.rollout, run.target, run.attempt))
        return StoredRun(rollout=Rollout.read(rollout["data"]), run=Run.read(stored["data"]) if stored else None)

    def count_result(self, build_arn: str) -> int:
        """See RunLookup.count_result."""
        return self._increment(build_results_key(build_arn))

    def count_rejected(self, account: str, day: date) -> int:
        """See RunLookup.count_rejected."""
        return self._increment(rejected_results_key(account, day))

    def _increment(self, key: Key) -> int:
        """Add one. Two that count at the same time may count as one, which is exact enough for a limit."""
        counted = int((self._get(key) or {}).get("results", 0)) + 1
        with translate_aws_errors(f"counting {key['pk']}"):
            self._client.put_item(TableName=self._table, Item=marshal(key | {"results": counted}))
        return counted

    def _get(self, key: Key) -> dict[str, Any] | None:
        with translate_aws_errors(f"reading {key['pk']} {key['sk']}"):
            answer = self._client.get_item(TableName=self._table, Key=marshal(key), ConsistentRead=True)
        item = answer.get("Item")
        return unmarshal(item) if item else None
