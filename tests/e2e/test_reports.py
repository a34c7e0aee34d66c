"""The report of the month on the real templates: audit_reporter writes it into its bucket, with its own permissions."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.layout import STATES
from tests.support.operator import Settled

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_with_a_schedule_the_report_of_the_month_is_in_the_bucket(cloud: LocalCloud, tmp_path: Path) -> None:
    operator = Settled(cloud, tmp_path)
    (tmp_path / "routes.yaml").write_text((STATES / "e2e-routes.yaml").read_text())
    operator.settings("", first='parameters = {ReportSchedule = "rate(1 day)", ReportTimeZone = "Europe/Berlin"}\n')
    deployed = operator.run("deploy", "--yes", "--only", "control")
    assert deployed.returncode == 0, deployed.stderr
    answer = cloud.client("lambda").invoke(FunctionName="pointsman-audit-reporter", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
    s3 = cloud.client("s3")
    [bucket] = [each["Name"] for each in s3.list_buckets()["Buckets"] if "reportbucket" in each["Name"].lower()]
    key = f"{datetime.now(UTC):%Y-%m}.html"
    page = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert "times in Europe/Berlin" in page
    assert "How the figures are defined" in page

    operator.settings("", first='parameters = {ReportSchedule = ""}\n')
    deployed = operator.run("deploy", "--yes", "--only", "control")
    assert deployed.returncode == 0, deployed.stderr
    assert s3.get_object(Bucket=bucket, Key=key)  # it stays
    names = [each["FunctionName"] for each in cloud.client("lambda").list_functions()["Functions"]]
    assert "pointsman-audit-reporter" not in names
