"""The archive on the real templates, under IAM enforcement: what happens is archived, signed, locked, and proven."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.stacks import outputs
from localcloud.waiting import wait_until
from pointsman.core.archive.digest import CLOSES_AFTER, HOUR
from pointsman.core.archive.stream import hour_name, hour_of
from pointsmanctl.demo.observer import STANDSTILL_SECONDS, Observer
from tests.e2e.test_access import Person
from tests.e2e.test_permissions import refused
from tests.support.roles import Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


class Archive:
    """The buckets and the key of the control stack."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self.s3 = cloud, cloud.client("s3")
        found = outputs(cloud.client("cloudformation"), "pointsman")
        self.export, self.digests, self.key = (
            found[name] for name in ("ExportBucketName", "DigestBucketName", "SigningKeyArn")
        )

    def names(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.export, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def close_hours(self) -> None:
        """Call audit_archiver, as its schedule does."""
        answer = self.cloud.client("lambda").invoke(FunctionName="pointsman-audit-archiver", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.fixture(scope="module")
def archive(cloud: LocalCloud) -> Archive:
    return Archive(cloud)


@pytest.fixture(scope="module")
def closed(world: Observer, archive: Archive) -> str:
    """The name of a digest with events: what was recorded a moment ago, as if it had been in the newest closed hour.

    Nobody calls audit_archiver again here: of an earlier hour, the digest would soon be so old that the doctor of
    another test calls the archive broken.
    """
    pushed = world.cloud.github.push({"docs/archive.md": "What stays\n"}, "Say what stays")
    world.decision_event(pushed.delivery)
    wait_until(lambda: archive.names("segments/2"), STANDSTILL_SECONDS, "audit_indexer stores no segment")
    hour = hour_of(datetime.now(UTC) - CLOSES_AFTER) - HOUR
    [*_, segment] = archive.names("segments/2")
    earlier = f"segments/{hour_name(hour)}/{segment.rpartition('/')[2]}"
    content = archive.s3.get_object(Bucket=archive.export, Key=segment)["Body"].read()
    archive.s3.put_object(Bucket=archive.export, Key=earlier, Body=content)
    archive.close_hours()
    [*_, digest] = [
        each["Key"] for each in archive.s3.list_objects_v2(Bucket=archive.digests, Prefix="digests/")["Contents"]
    ]
    return str(digest)


def test_an_hour_is_merged_and_its_digest_signed_and_locked(archive: Archive, closed: str) -> None:
    assert archive.names("events/date=")
    [version] = archive.s3.list_object_versions(Bucket=archive.digests, Prefix=closed)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        archive.s3.delete_object(Bucket=archive.digests, Key=closed, VersionId=version["VersionId"])


def test_a_reader_proves_the_trail(archive: Archive, closed: str, cloud: LocalCloud, tmp_path: Path) -> None:
    reader = Person(cloud, "an-auditor", ("ReaderPolicyArn",), tmp_path)
    [result] = json.loads(reader.run("audit", "verify", "--cloud", "aws", "-o", "json"))
    assert (result["proven"], result["with_trail"]) == (True, True)
    assert result["events"] > 0
    assert "Proven complete" in reader.run("audit", "verify", "--cloud", "aws", "--save-bundle", "trail.zip")
    assert "Proven complete" in reader.run("audit", "verify", "--bundle", "trail.zip", "--key", result["keys"][0])


@pytest.mark.parametrize("function", ["pointsman-audit-indexer", "pointsman-audit-writer", "pointsman-notify"])
def test_no_other_function_signs_or_writes_what_is_archived(
    archive: Archive, closed: str, world: Observer, function: str
) -> None:
    caller = Roles(world).of_function(function)
    with refused():
        caller.client("kms").sign(KeyId=archive.key, Message=b"forged", SigningAlgorithm="ECDSA_SHA_256")
    for bucket, name in (
        (archive.digests, closed),
        (archive.export, "events/forged"),
        (archive.export, "heads/forged"),
    ):
        with refused():
            caller.client("s3").put_object(Bucket=bucket, Key=name, Body=b"forged")


def test_whoever_may_do_everything_still_cannot_sign_or_write_a_digest(
    archive: Archive, closed: str, world: Observer
) -> None:
    admin: Any = Roles(world).made("control", "test-archive-admin", ["s3:*", "kms:*", "dynamodb:*"])
    with refused():
        admin.client("kms").sign(KeyId=archive.key, Message=b"forged", SigningAlgorithm="ECDSA_SHA_256")
    with refused():
        admin.client("s3").put_object(Bucket=archive.digests, Key=closed, Body=b"forged")
    with refused():
        admin.client("dynamodb").update_time_to_live(
            TableName=world.audit_table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
        )
