"""What somebody has put into the table past the writers is archived, named, and holds up nothing."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary

from pointsman.core.archive.stream import segment_from_table
from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, started_rollout, started_run

RUN = started_run(DEV)


@pytest.mark.parametrize(
    "item",
    [
        {"at": "never"},
        {"at": 12},
        {"type": None, "actor": {"a": 1}},
        {"data": None},
        {"data": "text"},
        {"data": [1, None]},
        {"type": "ErratumRecorded", "data": {"type": "ErratumRecorded", "item_key": RUN.key}},
        {"at": Binary(b"x"), "type": {"a"}, "data": Binary(b"x")},
        {"at": {"x"}, "type": Binary(b"x"), "data": {"a": {"b": [{"x", "y"}, Binary(b"x")]}}},
    ],
)
def test_an_hour_is_closed_whatever_is_in_it(item: dict[str, Any]) -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.record(started_rollout(DEV).replace(at=trail.now))
    strange = {"pk": RUN.partition, "sk": "forged", "type": "RunStarted", "at": "2026-11-23T11:00:00Z", **item}
    trail.table[RUN.partition, "forged"] = strange
    trail.stream(trail.change(strange, "INSERT"))
    trail.archive.put_segments([segment_from_table([{**strange, "sk": "forged too"}], trail.now)])
    assert trail.close(2) == 2 or trail.close(1)
    assert trail.archive.waiting() == []
    assert trail.verify().events == 3
    assert "forged" in {key for _, _, key in trail.found()}


DYNAMODB_ONLY = [
    {"a", "b", "c"},
    {Decimal(1), Decimal("2.5"), Decimal(10)},
    {Binary(b"x"), Binary(b"y")},
    Binary(b"x"),
]


@pytest.mark.parametrize("value", DYNAMODB_ONLY, ids=["strings", "numbers", "bytes of a set", "bytes"])
def test_an_event_into_which_somebody_has_put_what_json_has_not_is_named(value: Any) -> None:
    trail = ArchivedTrail()
    trail.close(3)
    trail.record(RUN.replace(at=trail.now))
    trail.close(2)
    trail.table[RUN.partition, RUN.key]["data"]["x"] = value
    assert trail.found() == [("changed", "trail", RUN.key)]


@pytest.mark.parametrize("value", DYNAMODB_ONLY, ids=["strings", "numbers", "bytes of a set", "bytes"])
def test_what_json_has_not_is_archived_as_it_is_and_no_list_can_take_its_place(value: Any) -> None:
    trail = ArchivedTrail()
    trail.close(3)
    event = RUN.replace(at=trail.now)
    trail.stream(trail.put(event, data=event.to_dict() | {"x": value}))
    assert trail.close(2) == 2
    assert trail.found() == []
    x = trail.table[RUN.partition, RUN.key]["data"]["x"]
    for other in (sorted(x, key=repr) if isinstance(x, set) else "eA==", repr(x), {"y"}):
        trail.table[RUN.partition, RUN.key]["data"]["x"] = other
        assert trail.found() == [("changed", "trail", RUN.key)]
