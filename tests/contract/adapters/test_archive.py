"""The ports of the archive: S3, KMS and DynamoDB (on moto), and the twins in memory behave the same."""

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.archive_memory import MemoryArchive
from pointsman.adapters.archive_s3 import S3Archive
from pointsman.adapters.expiry_dynamodb import DynamoExpiry
from pointsman.adapters.expiry_memory import MemoryExpiry
from pointsman.adapters.kept_segments_dynamodb import PART_BYTES, DynamoKeptSegments
from pointsman.adapters.kept_segments_memory import MemoryKeptSegments
from pointsman.adapters.signer_kms import KmsSigner
from pointsman.adapters.signer_memory import MemorySigner
from pointsman.core.archive.archiver import pem_of
from pointsman.core.archive.ports import ArchiveStore, Expiry, KeptSegments, Signer, StoredName
from pointsman.core.archive.stream import Segment
from pointsman.errors import Conflict, Misconfigured
from pointsmanctl.stack.signatures import fingerprint_of, is_signature
from tests.support.archive_buckets import make_archive, make_signing_key
from tests.support.tables import create_tables

sides = pytest.mark.parametrize("side", ["memory", "aws"])


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture(params=["memory", "aws"])
def archive(request: pytest.FixtureRequest, aws: None) -> ArchiveStore:
    if request.param == "memory":
        return MemoryArchive()
    client = boto3.client("s3", region_name="us-east-1")
    make_archive(client, "export", "digests")
    return S3Archive(client, "export", "digests")


@pytest.fixture(params=["memory", "aws"])
def kept(request: pytest.FixtureRequest, aws: None) -> KeptSegments:
    if request.param == "memory":
        return MemoryKeptSegments()
    client = boto3.client("dynamodb")
    create_tables(client)
    return DynamoKeptSegments(client, "index")


@pytest.fixture(params=["memory", "aws"])
def signer(request: pytest.FixtureRequest, aws: None) -> Signer:
    if request.param == "memory":
        return MemorySigner()
    client = boto3.client("kms", region_name="us-east-1")
    return KmsSigner(client, make_signing_key(client))


@pytest.fixture(params=["memory", "aws"])
def expiry(request: pytest.FixtureRequest, aws: None) -> Expiry:
    if request.param == "memory":
        return MemoryExpiry()
    client = boto3.client("dynamodb")
    create_tables(client)
    return DynamoExpiry(client, "audit")


def digest(hour: str) -> str:
    return f"digests/2026/11/{hour}.json.gz"


def test_objects_are_read_as_they_were_stored_and_listed_in_order(archive: ArchiveStore) -> None:
    archive.put({"heads/b": b"2", "heads/a": b"1", "events/c": b"3"})
    archive.put({"heads/a": b"one"})
    assert archive.load(["heads/a", "events/c", "heads/gone"]) == {"heads/a": b"one", "events/c": b"3"}
    assert [(each.name, each.size) for each in archive.names("heads/", "heads/~")] == [("heads/a", 3), ("heads/b", 1)]
    assert [each.name for each in archive.names("heads/", "heads/b")] == ["heads/a"]
    archive.delete(["heads/a", "heads/gone"])
    archive.delete([])
    assert [each.name for each in archive.names("heads/", "~")] == ["heads/b"]


def test_segments_wait_in_the_order_of_their_hours(archive: ArchiveStore) -> None:
    assert archive.oldest_segment() is None
    names = ["segments/2026-11-23T09/1", "segments/2026-11-23T08/2", "segments/from-table/2026-11-23T01/1"]
    archive.put_segments([Segment(name=name, content=b"x") for name in names])
    assert archive.oldest_segment() == names[1]
    assert archive.waiting() == [names[2], names[1], names[0]]


def test_a_digest_is_stored_once(archive: ArchiveStore) -> None:
    assert archive.newest_digest() is None
    for hour in ("09/23", "10/00", "10/07"):
        archive.put_digest(digest(hour), hour.encode())
    with pytest.raises(Conflict):
        archive.put_digest(digest("10/00"), b"forged")
    assert archive.newest_digest() == digest("10/07")
    assert archive.digest_names(digest("09/23"), digest("10/00")) == [digest("09/23"), digest("10/00")]
    assert archive.digest_names(digest("10/00"), digest("10/00")) == [digest("10/00")]
    assert archive.digest_names(digest("11/00"), digest("12/00")) == []
    assert archive.digests([digest("10/00"), digest("10/01")]) == {digest("10/00"): b"10/00"}


def test_the_newest_digest_is_found_over_the_end_of_a_year(archive: ArchiveStore) -> None:
    names = ["digests/2026/12/31/23.json.gz", "digests/2027/01/01/00.json.gz"]
    for name in names:
        archive.put_digest(name, b"x")
    assert archive.newest_digest() == names[1]


def test_a_public_key_is_stored_once_under_its_fingerprint(archive: ArchiveStore) -> None:
    assert archive.public_keys() == {}
    archive.put_public_key("keys/4f.pem", b"key")
    archive.put_public_key("keys/4f.pem", b"other")
    assert archive.public_keys() == {"4f": b"key"}


def test_a_signature_is_checked_offline(signer: Signer) -> None:
    sha256 = hashlib.sha256(b"a digest").digest()
    pem, signature = pem_of(signer.public_key()), signer.sign(sha256)
    assert is_signature(pem, signature, sha256)
    assert fingerprint_of(pem) == hashlib.sha256(signer.public_key()).hexdigest()
    assert not is_signature(pem, signature, hashlib.sha256(b"another").digest())
    assert not is_signature(pem, b"no signature", sha256)
    assert not is_signature(pem_of(MemorySigner().public_key()), signature, sha256)
    assert not is_signature(b"no key", signature, sha256)


def test_the_expiry_is_switched_on_and_off(expiry: Expiry) -> None:
    assert expiry.switch(on=False) is False
    assert expiry.switch(on=True) is True
    assert expiry.switch(on=True) is False
    assert expiry.switch(on=False) is True


# --- what S3 alone can do -----------------------------------------------------------------------------------------


@pytest.fixture
def s3(aws: None) -> Any:
    client = boto3.client("s3", region_name="us-east-1")
    make_archive(client, "export", "digests")
    return client


def test_what_somebody_writes_over_a_digest_or_deletes_does_not_count(s3: Any) -> None:
    archive = S3Archive(s3, "export", "digests")
    for hour in ("10/00", "10/01"):
        archive.put_digest(digest(hour), b"true")
    s3.put_object(Bucket="digests", Key=digest("10/00"), Body=b"forged")
    s3.delete_object(Bucket="digests", Key=digest("10/01"))
    both = [digest("10/00"), digest("10/01")]
    assert archive.digest_names(*both) == both
    assert archive.digests(both) == dict.fromkeys(both, b"true")
    assert archive.newest_digest() == both[1]


def test_a_bucket_that_is_not_there_is_misconfigured(s3: Any) -> None:
    for bucket in ("gone", "export"):
        with pytest.raises(Misconfigured, match="archive"):
            S3Archive(s3, bucket, "gone").newest_digest()
    with pytest.raises(Misconfigured, match="archive"):
        S3Archive(s3, "gone", "digests").put({"events/a": b"x"})


def test_kept_segments_are_there_in_order_until_they_are_deleted(kept: KeptSegments) -> None:
    names = ["segments/2026-11-23T09/2-3.jsonl.gz", "segments/2026-11-23T08/1-1.jsonl.gz", "segments/2026-11-24T00/4-4"]
    contents = [bytes([number]) * number * PART_BYTES for number in (1, 2, 3)]  # of one, two and three items
    kept.keep(Segment(name=name, content=content) for name, content in zip(names, contents, strict=True))
    kept.keep([Segment(name=names[0], content=contents[0])])
    sizes = [(names[1], 2 * PART_BYTES), (names[0], PART_BYTES)]
    assert kept.names("segments/2", "segments/2026-11-24T00") == [
        StoredName(name=name, size=size) for name, size in sizes
    ]
    assert kept.load([*names, "segments/2026-11-23T09/2-3"]) == dict(zip(names, contents, strict=True))
    kept.delete([*names[:2], "gone"])
    assert [each.name for each in kept.names("segments/", "~")] == names[2:]
    assert kept.load(names[:2]) == {}


def test_a_kept_segment_without_its_last_part_is_not_there_yet(aws: None) -> None:
    client = boto3.client("dynamodb")
    create_tables(client)
    segments = DynamoKeptSegments(client, "index")
    segments.keep([Segment(name="segments/2026-11-23T09/1-1", content=b"x" * (PART_BYTES + 1))])
    client.delete_item(
        TableName="index", Key={"pk": {"S": "archive#kept"}, "sk": {"S": "segments/2026-11-23T09/1-1#001"}}
    )
    assert segments.names("segments/", "~") == []
