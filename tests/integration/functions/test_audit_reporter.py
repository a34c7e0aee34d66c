"""audit_reporter on moto: the pages of a month are in the bucket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from functions.audit_reporter import handler
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.errors import Misconfigured
from pointsmanctl.commands.audit import report as command
from pointsmanctl.stack.connection import Connection
from tests.support.command_line import run
from tests.support.index import index_trail
from tests.support.lambda_context import FakeContext
from tests.support.recorded_trail import OUTPUTS
from tests.support.report_histories import Rollout
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ENVIRONMENT = {
    "AUDIT_TABLE": "audit",
    "INDEX_TABLE": "index",
    "REPORT_BUCKET": "reports",
    "REPORT_TIME_ZONE": "Europe/Berlin",
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
        create_tables(dynamodb)
        trail = DynamoTrail(dynamodb, "audit")
        for event in [*Rollout(1, 3, title="Raise <b>the</b> limit").whole(), *Rollout(2, 31).whole()]:
            trail.record(event)
        index_trail(dynamodb)
        s3.create_bucket(Bucket="reports")
        handler._settings.cache_clear()
        yield s3
    handler._settings.cache_clear()


def call_at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(handler, "now", lambda: moment)
    context: Any = FakeContext()
    handler.lambda_handler({}, context)


def keys(s3: "S3Client") -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="reports").get("Contents", [])]


def test_the_month_is_written_as_html_and_markdown(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    call_at(monkeypatch, datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
    assert keys(s3) == ["2026-11.html", "2026-11.md"]
    html, markdown = (s3.get_object(Bucket="reports", Key=key) for key in keys(s3))
    assert html["ContentType"] == "text/html; charset=utf-8"
    assert markdown["ContentType"] == "text/markdown; charset=utf-8"
    page = html["Body"].read().decode()
    assert "Raise &lt;b&gt;the&lt;/b&gt; limit" in page
    assert "this time is not over yet" in page
    assert "times in Europe/Berlin" in page


def test_the_first_days_of_a_month_finish_the_one_before(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    call_at(monkeypatch, datetime(2026, 12, 1, 4, 30, tzinfo=UTC))
    assert keys(s3) == ["2026-11.html", "2026-11.md", "2026-12.html", "2026-12.md"]
    page = s3.get_object(Bucket="reports", Key="2026-11.html")["Body"].read().decode()
    assert "this time is not over yet" not in page


def write_page(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Call at a moment that S3, too, takes for now."""
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: moment.replace(tzinfo=None))
    call_at(monkeypatch, moment)


@pytest.mark.parametrize(
    ("days", "complete"),
    [((28, 35, 42), True), ((5, 35), True), ((30, 31, 32, 33), True), ((28,), False)],
    ids=["weekly", "monthly", "daily", "not yet"],
)
def test_a_month_is_completed_however_seldom_pages_are_written(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, days: tuple[int, ...], complete: bool
) -> None:
    for day in days:
        write_page(monkeypatch, datetime(2026, 11, 1, 4, 30, tzinfo=UTC) + timedelta(days=day - 1))
    page = s3.get_object(Bucket="reports", Key="2026-11.html")["Body"].read().decode()
    assert ("this time is not over yet" not in page) == complete


def test_a_month_that_is_complete_or_was_never_begun_is_left_alone(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    write_page(monkeypatch, datetime(2026, 12, 9, 4, 30, tzinfo=UTC))
    assert keys(s3) == ["2026-12.html", "2026-12.md"]
    write_page(monkeypatch, datetime(2027, 1, 5, tzinfo=UTC))
    written = s3.head_object(Bucket="reports", Key="2026-12.html")["LastModified"]
    write_page(monkeypatch, datetime(2027, 1, 6, tzinfo=UTC))
    assert s3.head_object(Bucket="reports", Key="2026-12.html")["LastModified"] == written


def test_the_command_writes_the_same_page(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    call_at(monkeypatch, moment)
    connection = Connection(boto3.Session(region_name="us-east-1"), None, OUTPUTS)
    monkeypatch.setattr(command, "connect_stack", lambda *_: connection)
    monkeypatch.setattr(command, "now", lambda: moment)
    done = run("audit", "report", "--month", "2026-11", "--time-zone", "Europe/Berlin")
    assert done.stdout == s3.get_object(Bucket="reports", Key="2026-11.html")["Body"].read().decode()


def test_a_bucket_that_is_gone_fails_the_call(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    s3.delete_bucket(Bucket="reports")
    with pytest.raises(Misconfigured, match=r"writing 2026-11\.html into the bucket of reports"):
        call_at(monkeypatch, datetime(2026, 11, 20, tzinfo=UTC))


def test_a_zone_that_does_not_exist_is_named(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_TIME_ZONE", "Mars/Olympus")
    with pytest.raises(Misconfigured, match="REPORT_TIME_ZONE: should be the name of a time zone"):
        call_at(monkeypatch, datetime(2026, 11, 20, tzinfo=UTC))
