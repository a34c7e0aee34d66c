"""The environment of audit_writer."""

from pointsman.config import Settings


class AuditWriterSettings(Settings, frozen=True):
    """audit_writer adds to AUDIT_TABLE and reads ROLLOUTS_TABLE, where it also counts results (RESULTS# items)."""

    audit_table: str
    rollouts_table: str
    expire_after_days: int = 0  # of events; 0: never
