"""The Postings, StandingStore and StaleStore ports on the rollouts table.

| pk | sk | item |
| --- | --- | --- |
| `SLACK#<rollout>` | `MESSAGE` | which message shows a rollout: `version` (N), `data` (map of Posting) |
| `SLACK#<rollout>` | `MESSAGE#<note>` | the same of a note in its thread: `failed#1`, `fixed#1` |
| `SLACK#ROUTE#<digest>` | `STANDING` | how a route stands on a ref: `version` (N), `data` (map of Standing) |
| `SLACK#stale` | `STALE` | which rollouts are to be shown again: `version` (N), `rollouts` (list) |
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RouteStatus
from pointsman.core.slack.stale import Stale

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STALE = {"pk": "SLACK#stale", "sk": "STALE"}


class DynamoSlackMessages:
    """Optimistic locking by `version`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """See Postings.load."""
        item = self._get(f"reading the posting of {rollout}", _key(rollout, note))
        return SlackMessageState.read(item["data"]) if item else None

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """See Postings.save."""
        stored = state.model_copy(update={"version": state.version + 1})
        data = json.loads(stored.model_dump_json(exclude_none=True))
        item = _key(state.rollout, state.note) | {"version": stored.version, "data": data}
        self._put(f"saving the posting of {state.rollout}", item, state.version)
        return stored

    def load_route_status(self, key: str) -> RouteStatus | None:
        """See StandingStore.load_standing."""
        item = self._get("reading how a route stands", _route_status_key(key))
        return RouteStatus.read(item["data"]) if item else None

    def save_route_status(self, status: RouteStatus) -> None:
        """See StandingStore.save_standing."""
        stored = status.model_copy(update={"version": status.version + 1})
        data = json.loads(stored.model_dump_json(exclude_none=True))
        item = _route_status_key(status.key) | {"version": stored.version, "data": data}
        self._put(f"saving how route {status.route} stands", item, status.version)

    def load_stale(self) -> Stale:
        """See StaleStore.load_stale."""
        item = self._get("reading the list of stale messages", STALE)
        return Stale(rollouts=item["rollouts"], version=item["version"]) if item else Stale()

    def save_stale(self, stale: Stale) -> None:
        """See StaleStore.save_stale."""
        item = STALE | {"version": stale.version + 1, "rollouts": list(stale.rollouts)}
        self._put("saving the list of stale messages", item, stale.version)

    def _get(self, doing: str, key: Mapping[str, str]) -> dict[str, Any] | None:
        with translate_aws_errors(doing):
            answer = self._client.get_item(TableName=self._table, Key=marshal(key), ConsistentRead=True)
        item = answer.get("Item")
        return unmarshal(item) if item else None

    def _put(self, doing: str, item: Mapping[str, Any], read: int) -> None:
        """Put `item` over the version that was read; 0 means that there was none."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if read:
            condition = {
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": marshal({":read": read}),
            }
        with translate_aws_errors(doing):
            self._client.put_item(TableName=self._table, Item=marshal(item), **condition)


def _route_status_key(key: str) -> dict[str, Any]:
    return {"pk": f"SLACK#ROUTE#{key}", "sk": "STANDING"}


def _key(rollout: str, note: str) -> dict[str, Any]:
    return {"pk": f"SLACK#{rollout}", "sk": f"MESSAGE#{note}" if note else "MESSAGE"}
