"""A bundle has what is needed to verify its range, without the archive from which it was saved."""

import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pointsman.core.archive.digest import digest_name
from pointsman.core.archive.findings import Verification
from pointsman.core.archive.verify import Verifier
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.item import digest, to_item
from pointsmanctl.stack.archive_bundle import BundleArchive, save_bundle
from pointsmanctl.stack.signatures import is_signature
from tests.support.archive import ArchivedTrail, plain
from tests.support.events import DEV, host, task

LEAKED = host(DEV, "web-1", tasks=[task(name="Set k8-Vr2mQz")])


@pytest.fixture
def trail() -> ArchivedTrail:
    """A result in the fourth hour, and an erratum about it three hours later."""
    trail = ArchivedTrail()
    trail.close(3)
    leaked = LEAKED.replace(at=trail.now)
    trail.record(leaked)
    trail.close(3)
    correct(trail, leaked, leaked.replace(tasks=()), "e-1")
    trail.close(2)
    return trail


def correct(trail: ArchivedTrail, before: HostResultRecorded, after: HostResultRecorded, name: str) -> None:
    hashes = [digest(plain(to_item(each))["data"]) for each in (before, after)]
    recorded = ErratumRecorded(
        at=trail.now,
        rollout=before.rollout,
        erratum=name,
        reason="a leak",
        item_partition=before.partition,
        item_key=before.key,
        fields=("tasks.0.name",),
        sha256_before=hashes[0],
        sha256_after=hashes[1],
    )
    trail.stream(trail.put(after, "MODIFY"), trail.put(recorded))


def hour(trail: ArchivedTrail, number: int) -> datetime:
    """The beginning of the hour that has the digest of this number."""
    [first, *_] = trail.archive.digest_names("", "~")
    return datetime.strptime(f"{first[8:21]}+0000", "%Y/%m/%d/%H%z") + timedelta(hours=number)


def saved(trail: ArchivedTrail, path: Path, first: datetime | None, until: datetime | None) -> Verification:
    [pem] = trail.archive.public_keys().values()
    save_bundle(path, trail.archive, pem, first, until)
    bundle = BundleArchive(path)
    return Verifier(bundle, trail.archive.public_keys(), is_signature, None, trail.now, ends=False).verify(
        *bundle.range()
    )


def test_an_erratum_from_after_the_range_is_in_the_bundle(trail: ArchivedTrail, tmp_path: Path) -> None:
    first, until = hour(trail, 2), hour(trail, 5)
    assert trail.verify(first, until, offline=True).proven
    result = saved(trail, tmp_path / "range.zip", first, until)
    assert (result.findings, result.events, result.hours) == ((), 1, 3)


def test_what_is_later_and_no_erratum_is_not_in_the_bundle(trail: ArchivedTrail, tmp_path: Path) -> None:
    path, (first, until) = tmp_path / "range.zip", (hour(trail, 2), hour(trail, 5))
    saved(trail, path, first, until)
    with zipfile.ZipFile(path) as bundle:
        digests = [name for name in bundle.namelist() if name.startswith("digests/")]
    assert digests == [digest_name(hour(trail, number)) for number in (1, 2, 3, 4, 5)]
