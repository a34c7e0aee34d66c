"""The SummaryStore port on the rollouts table. Summaries are JSON, compressed: a target with five hosts has 0.4 KB."""

import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.adapters.dynamodb_batches import items_of
from pointsman.adapters.rollouts_table import (
    place_key,
    place_of,
    places_prefix,
    summary_key,
    target_summary_key,
)
from pointsman.core.slack.rollout_summary import RolloutSummary
from pointsman.core.slack.summaries import ListPlace, TargetChange
from pointsman.core.slack.target_summary import Compact, TargetSummary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoSummaries:
    """Keeps summaries, with optimistic locking by the `version` of the rollout's."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load_summary(self, rollout: str) -> RolloutSummary | None:
        """See SummaryStore.load_summary."""
        with translate_aws_errors(f"reading the summary of {rollout}"):
            answer = self._client.get_item(
                TableName=self._table, Key=marshal(summary_key(rollout)), ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            return None
        stored = unmarshal(item)
        try:
            summary = _read(stored["data"], RolloutSummary)
        except (msgspec.DecodeError, zlib.error):  # of another version, or changed by hand: it is made anew
            self.drop_summary(rollout)
            return None
        summary.version = stored["version"]
        return summary

    def load_targets(self, rollout: str, epoch: str, names: Iterable[str]) -> dict[str, TargetSummary]:
        """See SummaryStore.load_targets."""
        keys = (target_summary_key(rollout, epoch, name) for name in names)
        items = items_of(self._client, f"reading the summaries of {rollout}", self._table, keys, consistent=True)
        targets = (_read(item["data"], TargetSummary) for item in items)
        return {target.name: target for target in targets}

    def first_places(self, rollout: str, epoch: str, limit: int) -> list[ListPlace]:
        """See SummaryStore.first_places."""
        prefix = places_prefix(rollout, epoch)
        with translate_aws_errors(f"reading the places of the targets of {rollout}"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
                ExpressionAttributeValues=marshal({":pk": prefix["pk"], ":sk": prefix["sk"]}),
                ConsistentRead=True,
                Limit=limit,
            )
        return [ListPlace(*place_of(unmarshal(item))) for item in answer["Items"]]

    def save_summary(self, summary: RolloutSummary, changes: Sequence[TargetChange] = ()) -> None:
        """See SummaryStore.save_summary."""
        version = summary.version + 1
        item = marshal(summary_key(summary.rollout) | {"version": version, "data": _compressed(summary)})
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if summary.version:
            values = marshal({":read": summary.version})
            condition = {"ConditionExpression": "version = :read", "ExpressionAttributeValues": values}
        actions = [{"Put": {"TableName": self._table, "Item": item, **condition}}]
        for change in changes:
            actions += self._actions(summary, change)
        with translate_aws_errors(f"saving the summary of {summary.rollout}"):
            self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        summary.version = version

    def _actions(self, summary: RolloutSummary, change: TargetChange) -> list[dict[str, Any]]:
        about = (summary.rollout, summary.epoch)
        item = target_summary_key(*about, change.target.name) | {"data": _compressed(change.target)}
        actions = [{"Put": {"TableName": self._table, "Item": marshal(item)}}]
        before, after = (
            marshal(place_key(*about, place.rank, place.position, place.name)) if place else None
            for place in (change.before, change.after)
        )
        if before == after:
            return actions
        if before:
            actions.append({"Delete": {"TableName": self._table, "Key": before}})
        if after:
            actions.append({"Put": {"TableName": self._table, "Item": after}})
        return actions

    def drop_summary(self, rollout: str) -> None:
        """See SummaryStore.drop_summary."""
        with translate_aws_errors(f"forgetting the summary of {rollout}"):
            self._client.delete_item(TableName=self._table, Key=marshal(summary_key(rollout)))


def _compressed(summary: Compact) -> bytes:
    return zlib.compress(msgspec.json.encode(summary))


def _read[Kind: Compact](data: Any, kind: type[Kind]) -> Kind:
    return msgspec.json.decode(zlib.decompress(bytes(data)), type=kind)
