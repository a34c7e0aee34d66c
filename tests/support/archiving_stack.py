"""The tables, buckets and functions of the archive on moto, and a clock."""

import itertools
from typing import Any

import boto3
import pytest

from functions.audit_archiver import handler, wiring
from functions.audit_indexer import handler as indexer
from functions.audit_indexer import wiring as indexer_wiring
from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.archive.findings import Verification
from pointsman.core.archive.verify import Verifier
from pointsmanctl.stack.archive import TrailTable, archive_of
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.signatures import is_signature
from tests.support.archive_buckets import make_archive, make_signing_key
from tests.support.archive_stream import stream_record
from tests.support.lambda_context import FakeContext
from tests.support.rollouts import MORNING, Clock
from tests.support.tables import create_tables


class ArchivingStack:
    """The tables, buckets and functions of the archive."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dynamodb, self.s3, self.clock = boto3.client("dynamodb"), boto3.client("s3"), Clock(MORNING)
        create_tables(self.dynamodb)
        make_archive(self.s3)
        self.key = make_signing_key(boto3.client("kms"))
        queue = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
        for name, value in {
            "AUDIT_TABLE": "audit",
            "INDEX_TABLE": "index",
            "EXPORT_BUCKET": "export",
            "DIGEST_BUCKET": "digests",
            "SIGNING_KEY": self.key,
            "INDEXER_DEAD_LETTERS": queue,
            "EXPIRE_AFTER_DAYS": "30",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(handler, "now", self.clock)
        self._sequence = itertools.count()
        self.queue, self.context = queue, FakeContext(remaining=600_000)
        wiring.forget()
        indexer_wiring.forget()

    def record(self, *events: Any) -> None:
        trail = DynamoTrail(self.dynamodb, "audit", 30)
        for event in events:
            assert trail.record(event)
        records = [stream_record(event, self.clock(), next(self._sequence)) for event in events]
        indexer.lambda_handler({"Records": records}, self.context)

    def archive(self) -> None:
        handler.lambda_handler({}, self.context)

    def verify(self) -> Verification:
        archive = archive_of(self.connection)
        table = TrailTable(self.dynamodb, "audit")
        return Verifier(archive, archive.public_keys(), is_signature, table, self.clock()).verify()

    @property
    def connection(self) -> Connection:
        """As commands see it."""
        outputs = {
            "AuditTableName": "audit",
            "IndexTableName": "index",
            "ExportBucketName": "export",
            "DigestBucketName": "digests",
            "SigningKeyArn": self.key,
        }
        return Connection(boto3.Session(region_name="us-east-1"), None, outputs)

    def kept(self) -> int:
        """How many segments the index table keeps."""
        return len(DynamoKeptSegments(self.dynamodb, "index").names("segments/", "~"))

    def expires(self) -> str:
        answer = self.dynamodb.describe_time_to_live(TableName="audit")
        return answer["TimeToLiveDescription"]["TimeToLiveStatus"]
