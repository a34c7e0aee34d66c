"""The RolloutStore port on DynamoDB: rollouts, their runs and target queues. `rollouts_table.py` has its layout."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import batched
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, pages, unmarshal
from pointsman.adapters.dynamodb_batches import items_of
from pointsman.adapters.rollouts_table import (
    DRIFT_PARTITION,
    FREEZES_KEY,
    HEAD,
    OPEN,
    SWEEP_KEY,
    TURN,
    Key,
    drift_key,
    is_queue,
    is_rollout,
    is_route,
    is_run,
    is_targets,
    is_turn,
    open_run_key,
    queue_key,
    queue_of,
    rollout_key,
    rollout_of,
    rollout_partition,
    route_key,
    route_partition,
    run_key,
    targets_key,
    turn_key,
)
from pointsman.adapters.trail_dynamodb import put_of
from pointsman.core.drift import TargetDrift
from pointsman.core.model import Rollout, RolloutId, Run, RunKey, Target, TargetQueue
from pointsman.core.ports import RunOfBuild, Surroundings, Transition, Turn
from pointsman.core.route_state import Freezes, RouteState
from pointsman.core.trail.item import with_decimals
from pointsman.errors import Unreadable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTIONS = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
TARGETS_PER_ITEM = 1_000  # an item has up to 400 KB; routes/sizes.py limits all settings of a rollout to less


class DynamoRollouts:
    """Uses optimistic locking. A transition and its events are one transaction."""

    def __init__(
        self, client: "DynamoDBClient", rollouts_table: str, audit_table: str, expire_after_days: int = 0
    ) -> None:
        self._client = client
        self._table = rollouts_table
        self._audit = audit_table
        self._expire_after_days = expire_after_days
        self._with_targets_inside: set[RolloutId] = set()  # rollouts that an earlier version stored, by `load`

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        """See RolloutStore.load."""
        items = list(self._partition(rollout_partition(rollout_id), f"reading rollout {rollout_id}"))
        with _reading(f"rollout {rollout_id}"):
            heads = [item for item in items if is_rollout(item)]
            self._with_targets_inside |= {rollout_id for item in heads if "targets_parts" not in item}
            rollouts = [_rollout_in(item, items) for item in heads]
            runs = tuple(Run.read(item["data"]) for item in items if is_run(item))
        return (rollouts[0], runs) if rollouts else None

    def load_run(self, rollout_id: RolloutId, key: RunKey) -> tuple[Rollout, Run] | None:
        """See RolloutStore.load_run."""
        items = self._items((rollout_key(rollout_id), run_key(rollout_id, *key)))
        with _reading(f"rollout {rollout_id}"):
            heads = [Rollout.read(item["data"]) for item in items if is_rollout(item)]
            runs = [Run.read(item["data"]) for item in items if is_run(item)]
        if not (heads and runs):
            return None
        return heads[0].replace(spec=heads[0].spec.replace(targets=(runs[0].target,))), runs[0]

    def load_run_of_build(self, rollout_id: RolloutId, key: RunKey, turns: int) -> RunOfBuild | None:
        """See RolloutStore.load_run_of_build."""
        with translate_aws_errors(f"reading rollout {rollout_id}"):
            first_items = self._first(rollout_id, HEAD, 1 + turns)
        with _reading(f"rollout {rollout_id}"):
            heads = [Rollout.read(item["data"]) for item in first_items if is_rollout(item)]
            first = tuple(Turn.read(item["data"]) for item in first_items if is_turn(item))
        if not heads:
            return None
        queue_name = heads[0].spec.queue_for(key[0])
        items = self._items((run_key(rollout_id, *key), queue_key(queue_name)))
        with _reading(f"rollout {rollout_id}"):
            runs = [Run.read(item["data"]) for item in items if is_run(item)]
            queues = [TargetQueue.read(item["data"]) for item in items if is_queue(item)]
        if not runs:
            return None
        rollout = heads[0].replace(spec=heads[0].spec.replace(targets=(runs[0].target,)))
        queue = queues[0] if queues else TargetQueue(name=queue_name)
        return RunOfBuild(rollout=rollout, run=runs[0], queue=queue, turns=first)

    def list_turns(self, rollout_id: RolloutId, turns: Sequence[Turn]) -> None:
        """See RolloutStore.list_turns."""
        keys = [turn_key(rollout_id, turn.position) for turn in turns]
        kept = {key["sk"] for key in keys}
        stored = self._partition(rollout_partition(rollout_id), f"reading the turns of {rollout_id}", TURN)
        writes: list[Any] = [
            self._delete({"pk": item["pk"], "sk": item["sk"]}) for item in stored if item["sk"] not in kept
        ]
        for key, turn in zip(keys, turns, strict=True):
            item = marshal({**key, "data": with_decimals(turn.to_dict())})
            writes.append({"Put": {"TableName": self._table, "Item": item}})
        for some in batched(writes, ACTIONS):
            with translate_aws_errors(f"writing the turns of {rollout_id}"):
                self._client.transact_write_items(TransactItems=list(some))

    def has_open_runs(self, rollout_id: RolloutId) -> bool:
        """See RolloutStore.has_open_runs."""
        with translate_aws_errors(f"reading the open runs of {rollout_id}"):
            return bool(self._first(rollout_id, OPEN, 1))

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        """See RolloutStore.queues."""
        queues = {name: TargetQueue(name=name) for name in names}
        return queues | self._read(queue_key(name) for name in queues).queues

    def surroundings(self, queues: Iterable[str], routes: Iterable[str]) -> Surroundings:
        """See RolloutStore.surroundings."""
        empty = Surroundings(
            queues={name: TargetQueue(name=name) for name in queues},
            routes={key: RouteState(key=key) for key in routes},
        )
        keys = [*map(queue_key, empty.queues), *map(route_key, empty.routes), FREEZES_KEY]
        found = self._read(keys)
        return found.replace(queues=empty.queues | found.queues, routes=empty.routes | found.routes)

    def versions(self, rollout_id: RolloutId) -> tuple[int, int]:
        """See RolloutStore.versions."""
        keys = (rollout_key(rollout_id), FREEZES_KEY)
        found = {item["pk"]: int(item["version"]) for item in self._items(keys)}
        return found.get(keys[0]["pk"], 0), found.get(keys[1]["pk"], 0)

    def routes_named(self, route: str) -> list[RouteState]:
        """See RolloutStore.routes_named."""
        items = self._partition(route_partition(route), f"reading route {route}")
        with _reading(f"route {route}"):
            return [RouteState.read(item["data"]) for item in items]

    def _read(self, keys: Iterable[Key]) -> Surroundings:
        queues: dict[str, TargetQueue] = {}
        routes: dict[str, RouteState] = {}
        freezes = Freezes()
        for item in self._items(keys):
            with _reading(str(item["pk"])):
                if is_queue(item):
                    queue = TargetQueue.read(item["data"])
                    queues[queue.name] = queue
                elif is_route(item):
                    route = RouteState.read(item["data"])
                    routes[route.key] = route
                else:
                    freezes = Freezes.read(item["data"])
        return Surroundings(queues=queues, routes=routes, freezes=freezes)

    def _items(self, keys: Iterable[Key]) -> list[dict[str, Any]]:
        return list(items_of(self._client, "reading the engine's state", self._table, keys, consistent=True))

    def commit(self, transition: Transition) -> None:
        """See RolloutStore.commit."""
        puts = [
            *self._rollout_puts(transition),
            *(self._put(run_key(run.rollout, *run.key), run) for run in transition.runs),
            *(self._queue_put(queue) for queue in transition.queues),
            *([self._put(route_key(transition.route.key), transition.route)] if transition.route else []),
            *([self._put(FREEZES_KEY, transition.freezes)] if transition.freezes else []),
            *(self._put(drift_key(*drift.id), drift) for drift in transition.drifts),
            *(put_of(event, self._audit, self._expire_after_days) for event in transition.events),
        ]
        with translate_aws_errors("writing a transition"):
            actions: list[Any] = [{"Put": put} for put in puts]
            actions += [mark for run in transition.runs for mark in self._marks(run)]
            actions += [self._delete(turn_key(turn.rollout, turn.position)) for turn in transition.turns_taken]
            self._client.transact_write_items(TransactItems=actions)

    def open_rollouts(self) -> list[RolloutId]:
        """See RolloutStore.open_rollouts."""
        return [rollout_of(pk) for pk in self._open(rollout_partition(""))]

    def queues_with_new_instances(self) -> list[str]:
        """See RolloutStore.queues_with_new_instances."""
        return [queue_of(pk) for pk in self._open(queue_key("")["pk"])]

    def _partition(self, pk: str, what: str, beginning: str = "") -> Iterator[dict[str, Any]]:
        """The items of a partition whose sort keys begin so, as they are now."""
        return pages(self._client, what, **self._query(pk, beginning))

    def _first(self, rollout_id: RolloutId, beginning: str, number: int) -> list[dict[str, Any]]:
        """The first items of a rollout whose sort keys begin so, as they are now."""
        answer = self._client.query(**self._query(rollout_partition(rollout_id), beginning), Limit=number)
        return [unmarshal(item) for item in answer["Items"]]

    def _query(self, pk: str, beginning: str) -> dict[str, Any]:
        values = {":pk": pk} | ({":beginning": beginning} if beginning else {})
        condition = "pk = :pk AND begins_with(sk, :beginning)" if beginning else "pk = :pk"
        return {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": marshal(values),
            "ConsistentRead": True,
        }

    def _open(self, prefix: str) -> list[str]:
        """The partition keys in the index `open` that begin with `prefix`."""
        items = pages(
            self._client,
            "reading what is open",
            TableName=self._table,
            IndexName="open",
            KeyConditionExpression="#open = :one AND begins_with(pk, :prefix)",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=marshal({":one": "1", ":prefix": prefix}),
        )
        return [item["pk"] for item in items]

    def drifts(self) -> list[TargetDrift]:
        """See DriftStore.drifts."""
        items = self._partition(DRIFT_PARTITION, "reading what drifts")
        drifts = []
        for item in items:
            with suppress(ValidationError):
                drifts.append(TargetDrift.read(item["data"]))
        return drifts

    def sweep_cursor(self) -> RolloutId | None:
        """See RolloutStore.sweep_cursor."""
        values = marshal({":pk": SWEEP_KEY["pk"]})
        query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values}
        [item] = list(pages(self._client, "reading the sweep's cursor", TableName=self._table, **query)) or [{}]
        return item.get("rollout")

    def keep_sweep_cursor(self, rollout_id: RolloutId | None) -> None:
        """See RolloutStore.keep_sweep_cursor."""
        item = marshal(SWEEP_KEY | ({"rollout": rollout_id} if rollout_id else {}))
        with translate_aws_errors("saving the sweep's cursor"):
            self._client.put_item(TableName=self._table, Item=item)

    def _rollout_puts(self, transition: Transition) -> list[Any]:
        """The rollout without its targets, and the targets if they are new."""
        rollout = transition.rollout
        if rollout is None:
            return []
        parts = [*batched(rollout.spec.targets, TARGETS_PER_ITEM)]
        extra: dict[str, Any] = {"targets_parts": len(parts)} | ({} if rollout.state.ended else {"open": "1"})
        head = rollout.replace(spec=rollout.spec.replace(targets=()))
        puts = [self._put(rollout_key(rollout.id), head, extra)]
        if rollout.version == 0 or transition.has_new_targets or rollout.id in self._with_targets_inside:
            puts += [
                {
                    "TableName": self._table,
                    "Item": marshal(
                        targets_key(rollout.id, number) | {"data": [with_decimals(each.to_dict()) for each in part]}
                    ),
                }
                for number, part in enumerate(parts)
            ]
        return puts

    def _marks(self, run: Run) -> list[Any]:
        """What marks a new run as open, and takes the mark away at its end."""
        key = open_run_key(run.rollout, *run.key)
        if run.version == 0:
            return [] if run.state.ended else [{"Put": {"TableName": self._table, "Item": marshal(key)}}]
        return [self._delete(key)] if run.state.ended else []

    def _delete(self, key: Key) -> Any:
        return {"Delete": {"TableName": self._table, "Key": marshal(key)}}

    def _queue_put(self, queue: TargetQueue) -> Any:
        return self._put(queue_key(queue.name), queue, {"open": "1"} if queue.new_instances else {})

    def _put(
        self,
        key: Key,
        record: Rollout | Run | TargetQueue | RouteState | Freezes | TargetDrift,
        extra: dict[str, str] | None = None,
    ) -> Any:
        stored = record.replace(version=record.version + 1)
        data = with_decimals(stored.to_dict())
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": marshal({**key, "version": stored.version, "data": data, **(extra or {})}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if record.version:
            put["ConditionExpression"] = "version = :read"
            put["ExpressionAttributeValues"] = marshal({":read": record.version})
        return put


def _rollout_in(item: dict[str, Any], items: Iterable[dict[str, Any]]) -> Rollout:
    """A rollout with its targets. Earlier versions stored them in its own item."""
    rollout = Rollout.read(item["data"])
    if "targets_parts" not in item:
        return rollout
    number = int(item["targets_parts"])
    parts = [each["data"] for each in items if is_targets(each)][:number]
    if len(parts) < number:
        raise ValidationError(f"{number - len(parts)} items with its targets are missing")
    targets = tuple(Target.read(each) for part in parts for each in part)
    return rollout.replace(spec=rollout.spec.replace(targets=targets))


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise Unreadable(f"{what} was written by another version or changed by hand: {error}") from error
