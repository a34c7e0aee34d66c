"""The archive of the trail: who may write, sign and delete what, and that it outlives its stack."""

import re
from typing import Any

import pytest

from pointsman.adapters.kept_segments_dynamodb import PARTITION
from pointsman.core.archive.digest import DIGESTS, KEYS, export_folder, head_name
from pointsman.core.archive.stream import FROM_TABLE, SEGMENTS
from tests.contract.templates.cloudformation import CONTROL_ACCOUNT, Statement, allowed, control, load, statements
from tests.support.rollouts import MORNING

BUCKETS = ("ExportBucket", "DigestBucket")


def role(name: str) -> str:
    return f"arn:aws:iam::{CONTROL_ACCOUNT}:role/{control().properties(name)['RoleName']}"


def policy(resource: str) -> list[Any]:
    properties = control().properties(resource)
    return list(statements(resource, properties.get("PolicyDocument") or properties["KeyPolicy"]))


@pytest.mark.parametrize("name", [*BUCKETS, "ExportBucketPolicy", "DigestBucketPolicy", "SigningKey"])
def test_the_archive_outlives_its_stack(name: str) -> None:
    resource = control().resources[name]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_private_and_encrypted_at_rest_and_on_the_way(name: str) -> None:
    bucket = control().properties(name)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    tls = policy(f"{name}Policy")[0]
    assert (tls.effect, tls.principal, tls.actions) == ("Deny", "*", ["s3:*"])
    assert tls.conditions == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_can_delete_a_digest_before_its_time() -> None:
    bucket = control(DigestRetentionDays="2557").properties("DigestBucket")
    assert bucket["ObjectLockEnabled"] is True
    [retention] = [bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]]
    assert retention == {"Mode": "COMPLIANCE", "Days": "2557"}
    granted = {
        action
        for each in control().of_type("AWS::IAM::Role")
        for one in allowed(control(), each)
        for action in one.actions
    }
    assert not {"s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:DeleteObjectVersion"} & granted


def test_an_erratum_can_take_a_secret_out_of_the_export_for_good() -> None:
    assert not {"VersioningConfiguration", "ObjectLockEnabled"} & control().properties("ExportBucket").keys()


@pytest.mark.parametrize(
    ("name", "actions", "under"),
    [
        ("ExportBucketPolicy", ["s3:DeleteObject", "s3:PutObject"], ["events/*", "heads/*"]),
        ("DigestBucketPolicy", ["s3:PutObject"], ["*"]),
    ],
)
def test_only_audit_archiver_writes_what_is_archived(name: str, actions: list[str], under: list[str]) -> None:
    [refusal] = [
        each
        for each in policy(name)
        if each.conditions.get("ArnNotEquals", {}).get("aws:PrincipalArn") == role("AuditArchiverRole")
    ]
    assert (refusal.effect, refusal.principal, refusal.actions) == ("Deny", "*", actions)
    assert refusal.resources == [f"<{name.removesuffix('Policy')}.Arn>/{each}" for each in under]


def test_only_audit_indexer_writes_what_counts_as_from_the_stream() -> None:
    refusal = policy("ExportBucketPolicy")[-1]
    assert (refusal.effect, refusal.principal, refusal.actions) == ("Deny", "*", ["s3:PutObject"])
    assert refusal.resources == ["<ExportBucket.Arn>/segments/2*"]
    assert refusal.conditions == {"ArnNotEquals": {"aws:PrincipalArn": role("AuditIndexerRole")}}


def test_only_audit_archiver_signs_with_a_key_that_can_do_nothing_else() -> None:
    key = control().properties("SigningKey")
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    refusal = policy("SigningKey")[1]
    assert (refusal.effect, refusal.principal, refusal.actions) == ("Deny", "*", ["kms:Sign"])
    assert refusal.conditions == {"ArnNotEquals": {"aws:PrincipalArn": role("AuditArchiverRole")}}


def on_buckets(name: str) -> set[tuple[str, str]]:
    return {
        (
            action.partition(":")[2],
            resource.replace("<ExportBucket.Arn>", "export").replace("<DigestBucket.Arn>", "digests"),
        )
        for each in allowed(control(), name)
        for action in each.actions
        for resource in each.resources
        if action.startswith("s3:")
    }


def test_each_function_may_do_what_it_does_and_no_more() -> None:
    assert on_buckets("AuditIndexerRole") == {("PutObject", "export/segments/2*"), ("ListBucket", "export")}
    assert on_buckets("AuditArchiverRole") == {
        ("ListBucket", "export"),
        *((action, "export/segments/*") for action in ("GetObject", "DeleteObject")),
        *((action, "export/events/*") for action in ("GetObject", "PutObject", "DeleteObject")),
        *((action, "export/heads/*") for action in ("GetObject", "PutObject")),
        ("ListBucketVersions", "digests"),
        *(
            (action, f"digests/{under}/*")
            for action in ("GetObjectVersion", "PutObject")
            for under in ("digests", "keys")
        ),
    }
    for name in ("StartBuildRole", "CommandReceiverRole", "AuditWriterRole", "NotifyRole"):
        assert on_buckets(name) == set()


def test_the_names_of_objects_are_those_that_the_policies_have() -> None:
    assert (DIGESTS, KEYS, SEGMENTS, FROM_TABLE) == ("digests/", "keys/", "segments/", "segments/from-table/")
    assert export_folder(MORNING) == "events/date=2026-11-23/hour=08/"
    assert head_name("ROLLOUT#r-1").startswith("heads/")


@pytest.mark.parametrize(
    ("days", "right"), [("0", True), ("30", True), ("400", True), ("29", False), ("7", False), ("-1", False)]
)
def test_an_event_stays_a_month_at_least(days: str, right: bool) -> None:
    pattern = load("template.yaml")["Parameters"]["TrailRetentionDays"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, days)) is right
    assert load("template.yaml")["Parameters"]["TrailRetentionDays"]["Default"] == "0"


def test_every_writer_of_the_trail_knows_how_long_events_stay() -> None:
    stack = control(TrailRetentionDays="400")
    for name in ("StartBuild", "CommandReceiver", "AuditWriter", "AuditArchiver"):
        assert stack.properties(name)["Environment"]["Variables"]["EXPIRE_AFTER_DAYS"] == "400"


def test_the_stream_keeps_trying_for_as_long_as_it_can() -> None:
    """What it drops is in no digest."""
    assert control().properties("AuditIndexerTrail")["MaximumRecordAgeInSeconds"] == 86_400


def test_only_audit_archiver_lets_events_expire() -> None:
    refusal = list(statements("AuditTable", control().properties("AuditTable")["ResourcePolicy"]["PolicyDocument"]))[1]
    assert (refusal.effect, refusal.principal, refusal.actions) == ("Deny", "*", ["dynamodb:UpdateTimeToLive"])
    glass = f"arn:aws:iam::{CONTROL_ACCOUNT}:role/{control().template['Parameters']['BreakGlassRole']['Default']}"
    archiver = role("AuditArchiverRole")
    assert refusal.conditions == {"ArnNotEquals": {"aws:PrincipalArn": [archiver, glass]}}


def test_the_archiver_deletes_of_the_index_table_only_what_the_archive_refused() -> None:
    [kept] = [each for each in allowed(control(), "AuditArchiverRole") if "<IndexTable.Arn>" in each.resources]
    assert kept.actions == ["dynamodb:DeleteItem", "dynamodb:Query"]
    assert kept.conditions == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": PARTITION}}


def policy_of_the_trail() -> Statement:
    """What refuses every way to change an item of the trail."""
    return next(iter(statements("AuditTable", control().properties("AuditTable")["ResourcePolicy"]["PolicyDocument"])))


def test_only_audit_indexer_keeps_what_the_archive_refused_and_only_audit_archiver_takes_it() -> None:
    """Operators may write the index, but what is kept counts as from the stream."""
    document = control().properties("IndexTable")["ResourcePolicy"]["PolicyDocument"]
    [refusal] = statements("IndexTable", document)
    assert (refusal.effect, refusal.principal, refusal.resources) == ("Deny", "*", ["*"])
    assert set(refusal.actions) == {"dynamodb:PutItem", *policy_of_the_trail().actions}
    assert refusal.conditions == {
        "ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": PARTITION},
        "ArnNotEquals": {"aws:PrincipalArn": [role("AuditArchiverRole"), role("AuditIndexerRole")]},
    }
