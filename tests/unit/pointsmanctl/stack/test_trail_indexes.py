"""Every index of the audit table is read by the query that needs it: one that is not is paid for in vain."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.trail.item import INDEXES
from pointsmanctl.stack.trail_query import TrailQuery, run_query
from tests.support.rollouts import MORNING

# What to ask so that an index is the narrowest one.
NARROWEST: dict[str, dict[str, str]] = {
    "by-day": {},
    "by-actor": {"actor": "hana"},
    "by-commit": {"repository": "acme/infra", "commit": "1f0b1f2"},
    "by-target": {"target": "dev/eu-west-1"},
    "by-host": {"host": "web-1"},
}


class EmptyTable:
    """A client of a table without items, which keeps the queries."""

    def __init__(self) -> None:
        self.queries: list[dict[str, Any]] = []

    def get_paginator(self, _name: str) -> "EmptyTable":
        return self

    def paginate(self, **query: Any) -> Iterator[dict[str, Any]]:
        self.queries.append(query)
        yield {"Items": []}


@pytest.mark.parametrize("index", INDEXES)
def test_an_index_is_read_when_it_is_the_narrowest(index: str) -> None:
    assert index in NARROWEST, f"add to NARROWEST the conditions that need {index}"
    client = EmptyTable()
    query = TrailQuery(since=MORNING - timedelta(hours=1), until=MORNING, **NARROWEST[index])  # type: ignore[arg-type]
    assert run_query(client, "audit", query) == []  # type: ignore[arg-type]
    assert {each.get("IndexName") for each in client.queries} == {index}


@pytest.mark.parametrize("index", INDEXES)
def test_only_the_index_by_day_is_read_day_by_day(index: str) -> None:
    query = TrailQuery(since=MORNING - timedelta(days=9), until=MORNING, **NARROWEST[index])  # type: ignore[arg-type]
    client = EmptyTable()
    run_query(client, "audit", query)  # type: ignore[arg-type]
    assert query.walks_days == (index == "by-day")
    assert len(client.queries) == (10 if query.walks_days else 1)
