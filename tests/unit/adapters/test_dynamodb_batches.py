"""Reads and writes of many items: what DynamoDB leaves undone is tried again, after pauses that grow."""

import random
import time
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import pytest

from pointsman.adapters.dynamodb import marshal
from pointsman.adapters.dynamodb_batches import items_of, write_all
from pointsman.errors import Unavailable

KEYS = [{"pk": str(number)} for number in range(130)]
REQUESTS = [{"DeleteRequest": {"Key": marshal(key)}} for key in KEYS]


class ThrottledTable:
    """Does a few of the requests of each call, in turn as many as `does` says; counts what it was asked."""

    def __init__(self, does: Sequence[int] = ()) -> None:
        self.does = iter([*does, *repeat(100, 100)])
        self.sizes: list[int] = []
        self.deleted: list[Any] = []

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        done, left = self._do(RequestItems["table"]["Keys"])
        return {"Responses": {"table": done}, "UnprocessedKeys": {"table": {"Keys": left}} if left else {}}

    def batch_write_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803
        done, left = self._do(RequestItems["table"])
        self.deleted += done
        return {"UnprocessedItems": {"table": left} if left else {}}

    def _do(self, asked: list[Any]) -> tuple[list[Any], list[Any]]:
        self.sizes.append(len(asked))
        does = next(self.does)
        return asked[:does], asked[does:]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The longest that each pause could have been."""
    slept: list[float] = []
    monkeypatch.setattr(random, "random", lambda: 1.0)
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def read(table: ThrottledTable) -> list[Any]:
    return list(items_of(table, "reading", "table", KEYS))


def write(table: ThrottledTable) -> list[Any]:
    write_all(table, "writing", "table", REQUESTS)
    return table.deleted


def test_keys_that_are_left_unread_are_read_by_the_next_tries(pauses: list[float]) -> None:
    table = ThrottledTable([30, 0])
    assert read(table) == KEYS
    assert table.sizes == [100, 70, 70, 30]
    assert pauses == [0.05, 0.1]


def test_requests_that_are_left_undone_are_done_by_the_next_tries(pauses: list[float]) -> None:
    table = ThrottledTable([20, 3])
    assert write(table) == REQUESTS
    assert table.sizes == [25, 5, 2, 25, 25, 25, 25, 5]
    assert pauses == [0.05, 0.1]


@pytest.mark.parametrize("do", [read, write])
def test_a_table_that_does_nothing_is_unavailable_after_a_few_seconds(
    pauses: list[float], do: Callable[[ThrottledTable], list[Any]]
) -> None:
    table = ThrottledTable([0] * 100)
    with pytest.raises(Unavailable, match="DynamoDB throttles the table"):
        do(table)
    assert len(table.sizes) == 8
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
