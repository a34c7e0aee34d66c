"""The environment of audit_indexer."""

from pointsman.config import Settings


class AuditIndexerSettings(Settings, frozen=True):
    """audit_indexer reads the first event of rollouts and the ends of runs in AUDIT_TABLE, and writes INDEX_TABLE.

    Each batch goes into EXPORT_BUCKET, for audit_archiver, or into INDEX_TABLE while the bucket refuses it.
    """

    audit_table: str
    index_table: str
    export_bucket: str
