"""An event that DynamoDB let expire is no removal; one that is gone before its time is."""

import gzip

import pytest

from pointsman.core.archive.digest import DIGESTS
from pointsman.core.archive.stream import segment_from_table
from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, PROD, host, started_rollout, started_run, task

START, RUN = started_rollout(DEV, PROD), started_run(DEV, at=2)
ONE, TWO = host(DEV, "web-1", at=4, tasks=[task()]), host(DEV, "web-2", at=5)
PARTITION = START.partition


def test_what_the_archive_let_expire_is_no_removal_and_what_is_gone_before_is() -> None:
    trail = ArchivedTrail(expire_after_days=30)
    trail.close(3)
    trail.record(START.replace(at=trail.now), RUN.replace(at=trail.now))
    trail.close(2)
    del trail.table[PARTITION, RUN.key]
    assert trail.found() == [("removed", "trail", RUN.key)]
    trail.close(24 * 30)
    del trail.table[PARTITION, START.key]
    result = trail.verify()
    assert (result.proven, result.expired) == (True, 2)


def test_what_was_read_from_the_table_expires_when_its_item_says() -> None:
    """Not so many days after it was read: it was recorded before."""
    trail = ArchivedTrail(expire_after_days=30)
    trail.put(ONE.replace(at=trail.now))
    trail.close(3)
    trail.put(TWO.replace(at=trail.now), expires_at=None)
    trail.put(RUN.replace(at=trail.now), expires_at=10**30)
    trail.close(24 * 20)
    trail.archive.put_segments([segment_from_table(list(trail.table.values()), trail.now)])
    trail.close(24 * 9)
    assert trail.verify().proven
    item = trail.table.pop((PARTITION, ONE.key))
    assert trail.found() == [("removed", "trail", ONE.key)]
    trail.table[PARTITION, ONE.key] = item
    trail.close(24 * 3)
    assert trail.verify().proven
    trail.table.clear()
    result = trail.verify()
    assert (result.expired, [each.key for each in result.findings]) == (1, [TWO.key, RUN.key])


def test_a_digest_that_does_not_say_when_an_event_expires_counts_from_when_it_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pointsman.core.archive.chain._expiry", lambda _: None)
    trail = ArchivedTrail(expire_after_days=30)
    trail.put(RUN.replace(at=trail.now))
    trail.close(24)
    trail.archive.put_segments([segment_from_table(list(trail.table.values()), trail.now)])
    trail.close(24 * 29)
    digests = [each for name, each in trail.archive.locked.items() if name.startswith(DIGESTS)]
    assert b"expires_at" not in b"".join(map(gzip.decompress, digests))
    trail.table.clear()
    assert trail.found() == [("removed", "trail", RUN.key)]
    trail.close(24 * 2)
    assert (trail.verify().proven, trail.verify().expired) == (True, 1)
