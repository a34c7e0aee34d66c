"""The parts of audit_indexer on AWS, made once per cold start."""

import os
from datetime import UTC, datetime
from functools import cache, partial

from functions.audit_indexer.settings import AuditIndexerSettings
from pointsman.adapters.archive_s3 import S3Segments
from pointsman.adapters.aws_client import SEGMENTS, aws_client
from pointsman.adapters.index_dynamodb import DynamoEntryWriter
from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.archive.age import ArchiveAge
from pointsman.core.index.indexer import Indexer


@cache
def settings() -> AuditIndexerSettings:
    """The environment."""
    return AuditIndexerSettings.from_environment(os.environ)


@cache
def indexer() -> Indexer:
    """What writes the index."""
    client = aws_client("dynamodb")
    trail = DynamoTrail(client, settings().audit_table)
    # What the stream has not brought yet must be seen, too: consistent reads.
    load = partial(trail.load, consistent=True)
    return Indexer(DynamoEntryWriter(client, settings().index_table), trail.start_of_rollout, load)


@cache
def segments() -> S3Segments:
    """The archive's bucket."""
    return S3Segments(aws_client("s3", SEGMENTS), settings().export_bucket)


@cache
def kept() -> DynamoKeptSegments:
    """What the bucket refused."""
    return DynamoKeptSegments(aws_client("dynamodb"), settings().index_table)


@cache
def archive_age() -> ArchiveAge:
    """The measure of an archive that lags."""
    return ArchiveAge(segments(), partial(datetime.now, UTC))


def forget() -> None:
    """Make every part anew at the next invocation: for tests, which change the environment."""
    for part in (settings, indexer, segments, kept, archive_age):
        part.cache_clear()
