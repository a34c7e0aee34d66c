"""The SlackMessageStore, RouteStatusStore and StaleListStore ports on the rollouts table.

| pk | sk | item |
| --- | --- | --- |
| `SLACK#<rollout>` | `MESSAGE` | the state of a rollout's message: `version` (N), `data` (SlackMessageState) |
| `SLACK#<rollout>` | `MESSAGE#<note>` | the same for a note in its thread: `failed#1`, `fixed#1` |
| `SLACK#ROUTE#<digest>` | `STANDING` | the status of a route on a ref: `version` (N), `data` (RouteStatus) |
| `SLACK#stale` | `STALE` | the rollouts whose message is out of date: `version` (N), `rollouts` (list) |
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RouteStatus
from pointsman.core.slack.stale import StaleList

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_STALE_KEY = {"pk": "SLACK#stale", "sk": "STALE"}


class DynamoSlackMessages:
    """Keeps what notify knows about the channel, with optimistic locking by `version`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """See SlackMessageStore.load."""
        item = self._get(f"reading the state of the Slack message of {rollout}", _key(rollout, note))
        return SlackMessageState.read(item["data"]) if item else None

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """See SlackMessageStore.save."""
        stored = state.model_copy(update={"version": state.version + 1})
        data = json.loads(stored.model_dump_json(exclude_none=True))
        item = _key(state.rollout, state.note) | {"version": stored.version, "data": data}
        self._put(f"saving the state of the Slack message of {state.rollout}", item, state.version)
        return stored

    def load_route_status(self, key: str) -> RouteStatus | None:
        """See RouteStatusStore.load_route_status."""
        item = self._get("reading the status of a route", _route_status_key(key))
        return RouteStatus.read(item["data"]) if item else None

    def save_route_status(self, status: RouteStatus) -> None:
        """See RouteStatusStore.save_route_status."""
        stored = status.model_copy(update={"version": status.version + 1})
        data = json.loads(stored.model_dump_json(exclude_none=True))
        item = _route_status_key(status.key) | {"version": stored.version, "data": data}
        self._put(f"saving the status of route {status.route}", item, status.version)

    def load_stale(self) -> StaleList:
        """See StaleListStore.load_stale."""
        item = self._get("reading the list of stale messages", _STALE_KEY)
        return StaleList(rollouts=item["rollouts"], version=item["version"]) if item else StaleList()

    def save_stale(self, stale: StaleList) -> None:
        """See StaleListStore.save_stale."""
        item = _STALE_KEY | {"version": stale.version + 1, "rollouts": list(stale.rollouts)}
        self._put("saving the list of stale messages", item, stale.version)

    def _get(self, doing: str, key: Mapping[str, str]) -> dict[str, Any] | None:
        with translate_aws_errors(doing):
            response = self._client.get_item(TableName=self._table, Key=marshal(key), ConsistentRead=True)
        item = response.get("Item")
        return unmarshal(item) if item else None

    def _put(self, doing: str, item: Mapping[str, Any], read: int) -> None:
        """Put `item` over the version `read`; 0 means that there was none."""
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
