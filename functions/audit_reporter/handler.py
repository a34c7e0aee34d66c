"""audit_reporter: write the report of the month as pages into a bucket, for people without AWS credentials.

A schedule invokes it, as a rule once a day. It makes the pages anew each time, so a call that fails is repeated as a
whole.
"""

import os
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_reporter.settings import AuditReporterSettings
from pointsman.adapters.aws_client import aws_client
from pointsman.adapters.function_logger import function_logger
from pointsman.adapters.index_dynamodb import DynamoEntryReader
from pointsman.adapters.report_bucket import ReportBucket
from pointsman.adapters.report_page.html import html_page
from pointsman.adapters.report_page.markdown import markdown_page
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.report.build import report_of
from pointsman.core.report.records import records
from pointsman.core.report.span import TimeSpan, months_to_write

logger = function_logger()
metrics = Metrics()
now = partial(datetime.now, UTC)


@cache
def _settings() -> AuditReporterSettings:
    return AuditReporterSettings.from_environment(os.environ)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Write the pages of this month and, until they are complete, of the one before. Raises for a retry."""
    written = 0
    try:
        made_at, zone = now(), ZoneInfo(_settings().report_time_zone)
        for month in months_to_write(made_at, zone, lambda month: _bucket().written_at(f"{month}.md")):
            _write(TimeSpan.of_month(month, zone), made_at)
            written += 1
    finally:
        metrics.add_metric(name="ReportsWritten", unit=MetricUnit.Count, value=written)


def _bucket() -> ReportBucket:
    return ReportBucket(aws_client("s3"), _settings().report_bucket)


def _write(span: TimeSpan, made_at: datetime) -> None:
    settings, client = _settings(), aws_client("dynamodb")
    index, trail = DynamoEntryReader(client, settings.index_table), DynamoTrail(client, settings.audit_table)
    report = report_of(records(index, trail.load, span), span, made_at)
    bucket = _bucket()
    bucket.put(f"{span.month}.html", html_page(report, span, settings.report_time_zone))
    bucket.put(f"{span.month}.md", markdown_page(report, span, settings.report_time_zone))
    logger.info("report written", extra={"month": span.month, "changes": report.changes.total})
