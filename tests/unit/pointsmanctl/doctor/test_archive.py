"""Whether the archive and the report go on: their schedules, the newest digest, what the bucket refused, the pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.core.archive.stream import Segment
from pointsmanctl.deployment.model import StackState
from pointsmanctl.doctor import archive, report
from pointsmanctl.doctor.model import CheckResult, ControlContext
from tests.support.archive_buckets import make_archive
from tests.support.deployment import installation
from tests.support.tables import create_tables

NOW = datetime(2026, 11, 30, 12, 20, tzinfo=UTC)
OUTPUTS = {"ExportBucketName": "export", "DigestBucketName": "digests", "IndexTableName": "index"}


@pytest.fixture
def control(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlContext]:
    with mock_aws():
        make_archive(boto3.client("s3"), "export", "digests")
        create_tables(boto3.client("dynamodb"))
        events = boto3.client("events")
        for name in ("audit-archiver", "audit-reporter"):
            events.put_rule(Name=f"pointsman-{name}", ScheduleExpression="rate(30 minutes)")
        monkeypatch.setattr(archive, "now", lambda: NOW)
        yield context(OUTPUTS, tmp_path)


def context(outputs: dict[str, str], tmp_path: Any, **parameters: str) -> ControlContext:
    state = StackState("pointsman", "CREATE_COMPLETE", parameters=parameters, outputs=outputs)
    found = installation(tmp_path / "control.json", tmp_path / "worker.json")
    client: Any = boto3.client
    return ControlContext(found, client, state, "111111111111", "us-east-1", lambda _, name: client(name))


def said(results: Iterator[CheckResult]) -> list[tuple[str, str]]:
    return [(each.state.value, each.message) for each in results]


def close(hour: datetime) -> None:
    name = f"digests/{hour:%Y/%m/%d/%H}.json.gz"
    boto3.client("s3").put_object(Bucket="digests", Key=name, Body=b"x", ChecksumAlgorithm="SHA256")


def test_an_archive_that_goes_on(control: ControlContext) -> None:
    close(NOW.replace(hour=10, minute=0))
    assert [state for state, _ in said(archive.check(control))] == ["ok", "ok", "ok"]


def test_an_archive_whose_schedule_is_off_lags_and_whose_bucket_refuses(control: ControlContext) -> None:
    boto3.client("events").disable_rule(Name="pointsman-audit-archiver")
    close(NOW.replace(hour=3, minute=0))
    kept = DynamoKeptSegments(boto3.client("dynamodb"), "index")
    kept.keep([Segment(name="segments/2026-11-30T03/1-2.jsonl.gz", content=b"x")])
    assert said(archive.check(control)) == [
        ("broken", "the rule that calls audit_archiver is DISABLED: no hour of the trail is closed and signed"),
        ("broken", "the newest digest is of 2026-11-30 03:00 UTC: the archive lags by 8h 20m"),
        ("warning", "the archive's bucket refused 1 batch, which the index table keeps"),
    ]


def test_an_archive_that_is_new_and_one_without_its_rule(control: ControlContext) -> None:
    boto3.client("events").delete_rule(Name="pointsman-audit-archiver")
    assert said(archive.check(control))[:2] == [
        ("broken", "the rule that calls audit_archiver is gone"),
        ("skipped", "no hour has a digest yet: the first one has it within two hours"),
    ]


def test_an_archive_that_never_began(control: ControlContext) -> None:
    boto3.client("s3").put_object(Bucket="export", Key="segments/2026-11-30T01/1-2.jsonl.gz", Body=b"x")
    assert said(archive.check(control))[1] == ("broken", "no hour has a digest yet: the archive lags by 10h 20m")


def test_a_stack_of_a_version_without_an_archive(control: ControlContext, tmp_path: Any) -> None:
    assert said(archive.check(context({}, tmp_path))) == [
        ("broken", "the control stack has no archive: it is of an earlier version")
    ]


def test_a_report_that_nobody_wants(control: ControlContext) -> None:
    assert said(report.check(control)) == [("skipped", "no report is written: ReportSchedule is empty")]


def test_a_report_that_was_written_and_one_that_was_not(
    control: ControlContext, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = context(OUTPUTS, tmp_path, ReportSchedule="cron(30 4 * * ? *)")
    at = datetime.now(UTC)
    monkeypatch.setattr(report, "now", lambda: at)
    assert said(report.check(wanted)) == [
        ("ok", "audit_reporter is called by cron(30 4 * * ? *)"),
        ("warning", "no report was written in the last 32 days"),
    ]
    written: Any = {"MetricName": "ReportsWritten", "Value": 1.0, "Timestamp": at - timedelta(hours=7)}
    written["Dimensions"] = [{"Name": "service", "Value": "pointsman"}]
    boto3.client("cloudwatch").put_metric_data(Namespace="Pointsman", MetricData=[written])
    [state, message] = said(report.check(wanted))[1]
    assert (state, message[:29]) == ("ok", "the newest report was written")
    boto3.client("events").disable_rule(Name="pointsman-audit-reporter")
    assert said(report.check(wanted))[0] == ("broken", "the rule that calls audit_reporter is DISABLED")
