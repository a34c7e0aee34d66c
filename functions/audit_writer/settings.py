"""The environment of audit_writer."""

from pointsman.config import Settings


class AuditWriterSettings(Settings):
    """AUDIT_TABLE is written, ROLLOUTS_TABLE is read."""

    audit_table: str
    rollouts_table: str
