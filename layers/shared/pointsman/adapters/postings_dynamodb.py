"""The Postings port on the rollouts table.

| pk | sk | item |
| --- | --- | --- |
| `SLACK#<rollout>` | `MESSAGE` | which message shows a rollout: `version` (N), `data` (map of Posting) |
"""

import json
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import errors_sorted
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.core.slack_port import Posting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPostings:
    """Optimistic locking by `version`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, rollout: str) -> Posting | None:
        """See Postings.load."""
        with errors_sorted(f"reading the posting of {rollout}"):
            answer = self._client.get_item(TableName=self._table, Key=marshal(_key(rollout)), ConsistentRead=True)
        item = answer.get("Item")
        return Posting.model_validate(unmarshal(item)["data"]) if item else None

    def save(self, posting: Posting) -> Posting:
        """See Postings.save."""
        stored = posting.model_copy(update={"version": posting.version + 1})
        data = json.loads(stored.model_dump_json(exclude_none=True))
        put: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if posting.version:
            put = {
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": marshal({":read": posting.version}),
            }
        with errors_sorted(f"saving the posting of {posting.rollout}"):
            self._client.put_item(
                TableName=self._table,
                Item=marshal(_key(posting.rollout) | {"version": stored.version, "data": data}),
                **put,
            )
        return stored


def _key(rollout: str) -> dict[str, str]:
    return {"pk": f"SLACK#{rollout}", "sk": "MESSAGE"}
