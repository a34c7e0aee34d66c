"""What somebody has put into the table past the writers is archived, named, and holds up nothing."""

from typing import Any

import pytest

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
