"""The environment of audit_indexer."""

from pointsman.config import Settings


class AuditIndexerSettings(Settings, frozen=True):
    """audit_indexer reads the first event of rollouts in AUDIT_TABLE, and writes INDEX_TABLE."""

    audit_table: str
    index_table: str
