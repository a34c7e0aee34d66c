"""The parts of audit_archiver on AWS, made once per cold start."""

import os
from functools import cache

from functions.audit_archiver.settings import AuditArchiverSettings
from pointsman.adapters.archive_s3 import S3Archive
from pointsman.adapters.aws_client import ARCHIVE, aws_client
from pointsman.adapters.expiry_dynamodb import DynamoExpiry
from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.adapters.queue_depth import is_empty
from pointsman.adapters.signer_kms import KmsSigner
from pointsman.core.archive.archiver import Archiver
from pointsman.core.archive.keep import WholeArchive


@cache
def settings() -> AuditArchiverSettings:
    """The environment."""
    return AuditArchiverSettings.from_environment(os.environ)


@cache
def archive() -> WholeArchive:
    """Both buckets, and what they refused."""
    buckets = S3Archive(aws_client("s3", ARCHIVE), settings().export_bucket, settings().digest_bucket)
    return WholeArchive(buckets, DynamoKeptSegments(aws_client("dynamodb"), settings().index_table))


@cache
def archiver() -> Archiver:
    """What closes hours."""
    signer = KmsSigner(aws_client("kms"), settings().signing_key)
    days = settings().expire_after_days or None
    return Archiver(archive(), signer, settings().audit_table, expire_after_days=days)


@cache
def expiry() -> DynamoExpiry:
    """Time to Live of the trail."""
    return DynamoExpiry(aws_client("dynamodb"), settings().audit_table)


def has_lost() -> bool:
    """Whether there are events that audit_indexer could not store."""
    return not is_empty(aws_client("sqs"), settings().indexer_dead_letters)


def forget() -> None:
    """Make every part anew at the next invocation: for tests, which change the environment."""
    for part in (settings, archive, archiver, expiry):
        part.cache_clear()
