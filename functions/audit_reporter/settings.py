"""The environment of audit_reporter."""

from pointsman.config import Settings
from pointsman.core.report.span import is_time_zone


class ReportZone(str):
    """`Europe/Berlin`: the time zone of days and times in the pages."""

    __slots__ = ()

    def __new__(cls, name: str = "UTC") -> "ReportZone":
        """Check that there is such a zone. Raises ValueError."""
        if not is_time_zone(name):
            raise ValueError("should be the name of a time zone, such as Europe/Berlin")
        return super().__new__(cls, name)


class AuditReporterSettings(Settings, frozen=True):
    """audit_reporter reads AUDIT_TABLE and INDEX_TABLE, and writes pages into REPORT_BUCKET."""

    audit_table: str
    index_table: str
    report_bucket: str
    report_time_zone: ReportZone = ReportZone("UTC")
