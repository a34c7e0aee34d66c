"""Reads and writes of many items, of which DynamoDB may leave some undone: they are tried again after pauses.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.BatchOperations
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from typing import Any, Final

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.dynamodb import marshal, unmarshal
from pointsman.errors import Unavailable

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_READS: Final = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_WRITES: Final = 25
_MOST_TRIES: Final = 8
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 1.0


def items_of(
    client: Any, doing: str, table: str, keys: Iterable[Mapping[str, Any]], *, consistent: bool = False
) -> Iterator[dict[str, Any]]:
    """The items of `keys`, as plain values, in any order and without those that are not there.

    Raises Unavailable when DynamoDB leaves keys unread again and again, or cannot be reached.
    """
    for batch in batched(keys, _READS):
        waiting: list[Any] = [marshal(key) for key in batch]
        for _ in _tries(doing):
            with translate_aws_errors(doing):
                request = {table: {"Keys": waiting, "ConsistentRead": consistent}}
                answer = client.batch_get_item(RequestItems=request)
            yield from (unmarshal(item) for item in answer["Responses"].get(table, []))
            waiting = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not waiting:
                break


def write_all(client: Any, doing: str, table: str, requests: Iterable[Any]) -> None:
    """Write requests to put or to delete, no two of which are of the same item.

    Raises Unavailable when DynamoDB leaves requests undone again and again, or cannot be reached.
    """
    for batch in batched(requests, _WRITES):
        waiting = list(batch)
        for _ in _tries(doing):
            with translate_aws_errors(doing):
                answer = client.batch_write_item(RequestItems={table: waiting})
            waiting = answer.get("UnprocessedItems", {}).get(table, [])
            if not waiting:
                break


def _tries(doing: str) -> Iterator[None]:
    """Yield for each try, from the second one on after a pause that grows; then raise Unavailable."""
    pause = _FIRST_PAUSE_SECONDS
    for _ in range(_MOST_TRIES - 1):
        yield
        time.sleep(random.random() * pause)  # noqa: S311 (spreads the load)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    yield
    raise Unavailable(f"{doing}: DynamoDB throttles the table")
