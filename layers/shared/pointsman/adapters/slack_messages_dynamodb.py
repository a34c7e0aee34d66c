"""The stores of notify (messages, status of routes and alarms, stale list) on the rollouts table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.rollouts_table import STALE_KEY, alarm_status_key, route_status_key, slack_message_key
from pointsman.core.slack.alarm_status import AlarmStatus
from pointsman.core.slack.port import SlackMessageState
from pointsman.core.slack.route_status import RouteStatus
from pointsman.core.slack.stale import StaleList

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoSlackMessages:
    """Keeps what notify knows about the channel, with optimistic locking by `version`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, rollout: str, note: str = "") -> SlackMessageState | None:
        """See SlackMessageStore.load."""
        item = self._get(f"reading the state of the Slack message of {rollout}", slack_message_key(rollout, note))
        return SlackMessageState.read(item["data"]) if item else None

    def save(self, state: SlackMessageState) -> SlackMessageState:
        """See SlackMessageStore.save."""
        stored = state.replace(version=state.version + 1)
        data = stored.to_dict()
        item = slack_message_key(state.rollout, state.note) | {"version": stored.version, "data": data}
        self._put(f"saving the state of the Slack message of {state.rollout}", item, state.version)
        return stored

    def load_route_status(self, key: str) -> RouteStatus | None:
        """See RouteStatusStore.load_route_status."""
        item = self._get("reading the status of a route", route_status_key(key))
        return RouteStatus.read(item["data"]) if item else None

    def save_route_status(self, status: RouteStatus) -> None:
        """See RouteStatusStore.save_route_status."""
        stored = status.replace(version=status.version + 1)
        data = stored.to_dict()
        item = route_status_key(status.key) | {"version": stored.version, "data": data}
        self._put(f"saving the status of route {status.route}", item, status.version)

    def load_alarm_status(self, key: str) -> AlarmStatus | None:
        """See AlarmStatusStore.load_alarm_status."""
        item = self._get("reading the status of an alarm", alarm_status_key(key))
        return AlarmStatus.read(item["data"]) if item else None

    def save_alarm_status(self, status: AlarmStatus) -> None:
        """See AlarmStatusStore.save_alarm_status."""
        stored = status.replace(version=status.version + 1)
        data = stored.to_dict()
        item = alarm_status_key(status.key) | {"version": stored.version, "data": data}
        self._put(f"saving the status of alarm {status.name}", item, status.version)

    def load_stale(self) -> StaleList:
        """See StaleListStore.load_stale."""
        item = self._get("reading the list of stale messages", STALE_KEY)
        return StaleList(rollouts=tuple(item["rollouts"]), version=item["version"]) if item else StaleList()

    def save_stale(self, stale: StaleList) -> None:
        """See StaleListStore.save_stale."""
        item = STALE_KEY | {"version": stale.version + 1, "rollouts": list(stale.rollouts)}
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
