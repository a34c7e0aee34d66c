"""The rollouts table: present state of rollouts, their runs and the lanes before targets.

| pk | sk | item |
| --- | --- | --- |
| `ROLLOUT#<id>` | `ROLLOUT` | a rollout; `open` = "1" while it has not ended (index `open`) |
| `ROLLOUT#<id>` | `RUN#<target>#<attempt>` | a run |
| `QUEUE#<target>` | `LANE` | the queue before a target; `QUEUE#<target>#check`: that of its checks |
| `SWEEP` | `SWEEP` | the rollout at which the last sweep ended |
| `RESULTS#<build arn>` | `RESULTS` | how many host results a build has sent (audit_writer's) |
| `RESULTS#REJECTED#<account>#<day>` | `RESULTS` | how many of its events were rejected that day |
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import batched
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, pages, unmarshal
from pointsman.adapters.trail_dynamodb import put_of
from pointsman.core.model import Rollout, Run, TargetQueue
from pointsman.core.ports import Transition
from pointsman.errors import Unavailable, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_BATCH = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
BATCH_TRIES = 5


def run_sort_key(target: str, attempt: int) -> str:
    """Where a run lies in its rollout's partition."""
    return f"RUN#{target}#{attempt}"


class DynamoRollouts:
    """The RolloutStore port on DynamoDB: optimistic locking, and the trail's events in the same transaction."""

    def __init__(self, client: "DynamoDBClient", rollouts_table: str, audit_table: str) -> None:
        self._client = client
        self._table = rollouts_table
        self._audit = audit_table

    def load(self, rollout: str) -> tuple[Rollout, tuple[Run, ...]] | None:
        """See RolloutStore.load."""
        items = list(
            pages(
                self._client,
                f"reading rollout {rollout}",
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=marshal({":pk": f"ROLLOUT#{rollout}"}),
                ConsistentRead=True,
            )
        )
        with _reading(f"rollout {rollout}"):
            heads = [Rollout.read(item["data"]) for item in items if item["sk"] == "ROLLOUT"]
            runs = tuple(Run.read(item["data"]) for item in items if item["sk"].startswith("RUN#"))
        return (heads[0], runs) if heads else None

    def queues(self, targets: Iterable[str]) -> dict[str, TargetQueue]:
        """See RolloutStore.lanes."""
        found = {target: TargetQueue(name=target) for target in targets}
        for names in batched(found.copy(), KEYS_A_BATCH, strict=False):
            for item in self._batch(names):
                with _reading(str(item["pk"])):
                    queue = TargetQueue.read(item["data"])
                found[queue.name] = queue
        return found

    def _batch(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        keys = [marshal({"pk": f"QUEUE#{name}", "sk": "QUEUE"}) for name in names]
        items: list[dict[str, Any]] = []
        for _ in range(BATCH_TRIES):
            with translate_aws_errors("reading lanes"):
                answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
            items += [unmarshal(item) for item in answer["Responses"].get(self._table, [])]
            left = answer["UnprocessedKeys"].get(self._table)
            if not left:
                return items
            keys = list(left["Keys"])
        raise Unavailable(f"reading lanes: {len(keys)} of {len(names)} stayed unprocessed")

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        puts = [
            *([self._rollout_put(transition.rollout)] if transition.rollout else []),
            *(
                self._put(f"ROLLOUT#{run.rollout}", run_sort_key(run.target.name, run.attempt), run)
                for run in transition.runs
            ),
            *(self._put(f"QUEUE#{queue.name}", "QUEUE", queue) for queue in transition.queues),
            *(put_of(event, self._audit) for event in transition.events),
        ]
        with translate_aws_errors("writing a transition"):
            self._client.transact_write_items(TransactItems=[{"Put": put} for put in puts])

    def open_rollouts(self) -> list[str]:
        """See RolloutStore.open_rollouts."""
        found = pages(
            self._client,
            "reading open rollouts",
            TableName=self._table,
            IndexName="open",
            KeyConditionExpression="#open = :one",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=marshal({":one": "1"}),
        )
        return [item["pk"].removeprefix("ROLLOUT#") for item in found]

    def sweep_cursor(self) -> str | None:
        """See RolloutStore.sweep_cursor."""
        query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": marshal({":pk": "SWEEP"})}
        [item] = list(pages(self._client, "reading the sweep's place", TableName=self._table, **query)) or [{}]
        return item.get("rollout")

    def keep_sweep_cursor(self, rollout: str | None) -> None:
        """See RolloutStore.keep_sweep_cursor."""
        item = marshal({"pk": "SWEEP", "sk": "SWEEP"} | ({"rollout": rollout} if rollout else {}))
        with translate_aws_errors("keeping the sweep's place"):
            self._client.put_item(TableName=self._table, Item=item)

    def _rollout_put(self, rollout: Rollout) -> Any:
        extra = {} if rollout.state.ended else {"open": "1"}
        return self._put(f"ROLLOUT#{rollout.id}", "ROLLOUT", rollout, extra)

    def _put(self, pk: str, sk: str, record: Rollout | Run | TargetQueue, extra: dict[str, str] | None = None) -> Any:
        stored = record.model_copy(update={"version": record.version + 1})
        data = json.loads(stored.model_dump_json(exclude_none=True), parse_float=Decimal)
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": marshal({"pk": pk, "sk": sk, "version": stored.version, "data": data} | (extra or {})),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if record.version:
            put["ConditionExpression"] = "version = :read"
            put["ExpressionAttributeValues"] = marshal({":read": record.version})
        return put


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3])
        raise Unreadable(f"{what} was written by another version or changed by hand: {faults}") from error
