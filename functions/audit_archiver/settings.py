"""The environment of audit_archiver."""

from pointsman.config import Settings


class AuditArchiverSettings(Settings, frozen=True):
    """audit_archiver merges the segments in EXPORT_BUCKET, and signs digests with SIGNING_KEY into DIGEST_BUCKET.

    INDEX_TABLE keeps segments that the bucket refused.

    With EXPIRE_AFTER_DAYS other than 0, events of AUDIT_TABLE expire while the archive has them, which it has not
    while INDEXER_DEAD_LETTERS has messages.
    """

    audit_table: str
    index_table: str
    export_bucket: str
    digest_bucket: str
    signing_key: str  # ARN of an asymmetric key of KMS
    indexer_dead_letters: str  # URL of a queue
    expire_after_days: int = 0
