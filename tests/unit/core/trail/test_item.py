"""What somebody has put into the table past the writers is read, and holds up nobody."""

from typing import Any

import pytest

from pointsman.core.index.entries import entries_of
from pointsman.core.trail.item import NewerEvent, read_item
from tests.support.events import DEV, started_run

RUN = started_run(DEV)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"at": "never", "data": {}},
        {"at": 12, "data": RUN.to_dict() | {"at": 12}},
        {"type": None, "actor": {"a": 1}, "data": {"type": 7}},
        {"at": "2026-11-23T11:00:00Z", "type": "RunStarted", "data": "text"},
        {"at": "2026-11-23T11:00:00Z", "type": "RunStarted", "target": 7, "data": [1, None]},
        {"at": "0001-01-01T00:00:00+14:00", "data": None},
    ],
)
def test_an_item_is_read_whatever_is_in_it(item: dict[str, Any]) -> None:
    event = read_item({"pk": RUN.partition, "sk": "forged", **item})
    assert isinstance(event, NewerEvent)
    assert (event.partition, event.key) == (RUN.partition, "forged")
    assert entries_of(event)
