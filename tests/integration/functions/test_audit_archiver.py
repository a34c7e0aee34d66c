"""The archive on moto: from a batch of the stream to a digest that proves the table."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from functions.audit_archiver import wiring
from functions.audit_indexer import handler as indexer_handler
from functions.audit_indexer import wiring as indexer
from pointsman.core.index.query import IndexQuery
from pointsman.errors import Misconfigured
from pointsmanctl.stack.backfill import backfill
from pointsmanctl.stack.trail_query import TrailReader
from tests.support.archive_stream import stream_record
from tests.support.archiving_stack import ArchivingStack
from tests.support.events import DEV, host, started_rollout
from tests.support.rollouts import MORNING

START, RESULT = started_rollout(DEV), host(DEV, "web-1", at=4)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchivingStack]:
    with mock_aws():
        yield ArchivingStack(monkeypatch)
        wiring.forget()
        indexer.forget()


def test_what_the_stream_delivers_is_merged_signed_and_proven(stack: ArchivingStack) -> None:
    stack.archive()
    stack.clock.now += timedelta(hours=3)
    stack.record(START.replace(at=stack.clock()), RESULT.replace(at=stack.clock()))
    stack.clock.now += timedelta(hours=2)
    stack.archive()
    stack.archive()
    result = stack.verify()
    assert (result.proven, result.events, result.hours) == (True, 2, 6)
    [name] = [each["Key"] for each in stack.s3.list_objects_v2(Bucket="export", Prefix="events/")["Contents"]]
    assert name.startswith("events/date=2026-11-23/hour=11/")
    content = stack.s3.get_object(Bucket="export", Key=name)["Body"].read()
    types = {json.loads(line)["type"] for line in gzip.decompress(content).splitlines()}
    assert types == {"RolloutStarted", "HostResultRecorded"}
    assert "Contents" not in stack.s3.list_objects_v2(Bucket="export", Prefix="segments/")


def test_a_change_in_the_table_itself_is_named(stack: ArchivingStack) -> None:
    stack.archive()
    stack.clock.now += timedelta(hours=3)
    stack.record(START.replace(at=stack.clock()), RESULT.replace(at=stack.clock()))
    stack.clock.now += timedelta(hours=2)
    stack.archive()
    key = {"pk": {"S": RESULT.partition}, "sk": {"S": RESULT.key}}
    stack.dynamodb.update_item(
        TableName="audit",
        Key=key,
        UpdateExpression="SET #data.#status = :ok",
        ExpressionAttributeNames={"#data": "data", "#status": "status"},
        ExpressionAttributeValues={":ok": {"S": "ok"}},
    )
    [changed] = stack.verify().findings
    assert (changed.kind, changed.where, changed.key) == ("changed", "trail", RESULT.key)
    stack.dynamodb.delete_item(TableName="audit", Key=key)
    [removed] = stack.verify().findings
    assert (removed.kind, removed.where, removed.key) == ("removed", "trail", RESULT.key)


def test_a_batch_that_fails_and_comes_again_in_halves_is_archived_once(stack: ArchivingStack) -> None:
    stack.archive()
    stack.clock.now += timedelta(hours=3)
    stack.record(START.replace(at=stack.clock()), RESULT.replace(at=stack.clock()))
    for number, event in enumerate((START, RESULT)):
        moved = event.replace(at=stack.clock())
        indexer_handler.lambda_handler({"Records": [stream_record(moved, stack.clock(), number)]}, stack.context)
    stack.clock.now += timedelta(hours=2)
    stack.archive()
    assert (stack.verify().proven, stack.verify().events) == (True, 2)


def test_events_expire_once_there_is_a_digest_and_not_while_some_are_lost(stack: ArchivingStack) -> None:
    stack.archive()
    assert stack.expires() == "ENABLED"
    boto3.client("sqs").send_message(QueueUrl=stack.queue, MessageBody="a batch")
    stack.archive()
    assert stack.expires() == "DISABLED"


def test_nothing_expires_while_no_hour_can_be_closed(stack: ArchivingStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.archive()
    stack.clock.now += timedelta(days=2)
    monkeypatch.setenv("SIGNING_KEY", "arn:aws:kms:us-east-1:123456789012:key/gone")
    wiring.forget()
    with pytest.raises(Misconfigured, match="public key of the digests"):
        stack.archive()
    assert stack.expires() == "DISABLED"


@pytest.mark.parametrize(("name", "value"), [("DIGEST_BUCKET", "gone"), ("INDEXER_DEAD_LETTERS", "https://sqs/1/gone")])
def test_nothing_expires_while_nobody_may_look_what_the_archive_has(
    stack: ArchivingStack, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    stack.archive()
    assert stack.expires() == "ENABLED"
    monkeypatch.setenv(name, value)
    wiring.forget()
    with pytest.raises(Misconfigured):
        stack.archive()
    assert stack.expires() == "DISABLED"


def test_an_event_says_when_it_expires(stack: ArchivingStack) -> None:
    stack.record(START)
    [item] = stack.dynamodb.scan(TableName="audit")["Items"]
    assert int(item["expires_at"]["N"]) > MORNING.timestamp()


def test_the_age_of_what_waits_is_measured(stack: ArchivingStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.record(START)
    stack.clock.now += timedelta(hours=1)
    stack.archive()
    assert '"ArchiveAge":[3600.0]' in capsys.readouterr().out


def test_the_index_goes_on_while_the_bucket_refuses_and_the_archive_catches_up(
    stack: ArchivingStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.archive()
    stack.clock.now += timedelta(hours=3)
    stack.archive()
    stack.record(START.replace(at=stack.clock()))
    monkeypatch.setenv("EXPORT_BUCKET", "gone")  # S3 says NoSuchBucket
    indexer.forget()
    stack.record(RESULT.replace(at=stack.clock()))
    found = TrailReader(stack.dynamodb, "audit", "index").find(IndexQuery(host="web-1"))
    assert [each.entry.event_key for each in found] == [RESULT.key]
    assert (stack.kept(), stack.verify().findings) == (1, ())
    monkeypatch.setenv("EXPORT_BUCKET", "export")
    stack.clock.now += timedelta(hours=2)
    stack.archive()
    result = stack.verify()
    assert (result.proven, result.events, stack.kept()) == (True, 2, 0)
    assert backfill(stack.connection, stack.clock() + timedelta(days=2), store=False) == (2, 0)


def test_a_backfill_knows_what_the_bucket_refused(stack: ArchivingStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORT_BUCKET", "gone")
    stack.record(START, RESULT)
    assert backfill(stack.connection, stack.clock() + timedelta(days=2), store=False) == (2, 0)


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_a_batch_that_can_be_neither_stored_nor_kept_is_tried_again(
    stack: ArchivingStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_BUCKET", "gone")
    stack.dynamodb.delete_table(TableName="index")
    with pytest.raises(Misconfigured):
        stack.record(START)
