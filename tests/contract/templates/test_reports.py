"""audit_reporter is there with a schedule alone, reads, and writes into its own private bucket."""

import importlib
import re

import pytest

from functions.audit_reporter.settings import AuditReporterSettings
from tests.contract.templates.cloudformation import ROOT, allowed, control, load, reporting
from tests.contract.templates.test_functions import GLOBALS

STACK = reporting()


def test_without_a_schedule_nothing_of_it_is_there() -> None:
    assert not [name for name in control().resources if "Report" in name]
    assert STACK.resources.keys() - control().resources.keys() == {
        "AuditReporter",
        "AuditReporterDaily",
        "AuditReporterDailyPermission",
        "AuditReporterEventInvokeConfig",
        "AuditReporterFailedAlarm",
        "AuditReporterLogs",
        "AuditReporterRole",
        "ReportBucket",
        *(name for name in STACK.resources if name.startswith("ReportLayer")),
    }


def test_its_handler_imports_and_its_environment_is_its_settings() -> None:
    function = STACK.properties("AuditReporter")
    module, _, name = function["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    own = {name: value for name, value in function["Environment"]["Variables"].items() if name not in GLOBALS}
    assert own.keys() == AuditReporterSettings.environment_names().keys()
    assert AuditReporterSettings.from_environment(own).report_time_zone == "Europe/Berlin"


def test_it_carries_what_draws_pages_and_no_other_function_does() -> None:
    layers = {name: str(each["Layers"]) for name, each in STACK.of_type("AWS::Lambda::Function").items()}
    assert [name for name, each in layers.items() if "ReportLayer" in each] == ["AuditReporter"]


def test_it_reads_the_trail_by_keys_and_writes_its_bucket_alone() -> None:
    statements = [(each.actions, each.resources) for each in allowed(STACK, "AuditReporterRole")]
    assert statements == [
        (["dynamodb:Query"], ["<IndexTable.Arn>"]),
        (["dynamodb:BatchGetItem"], ["<AuditTable.Arn>"]),
        (["s3:GetObject", "s3:PutObject"], ["<ReportBucket.Arn>/*"]),
        (["logs:CreateLogStream", "logs:PutLogEvents"], ["<AuditReporterLogs.Arn>"]),
        (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
    ]


def test_the_bucket_is_private_encrypted_and_stays() -> None:
    bucket = STACK.properties("ReportBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert STACK.resources["ReportBucket"]["DeletionPolicy"] == "Retain"
    assert not [each for each in STACK.of_type("AWS::S3::BucketPolicy").values() if each["Bucket"] == "<ReportBucket>"]


def test_the_schedule_is_the_parameters() -> None:
    rule = STACK.properties("AuditReporterDaily")
    assert rule["ScheduleExpression"] == "cron(30 4 * * ? *)"
    assert [target["Arn"] for target in rule["Targets"]] == ["<AuditReporter.Arn>"]


def test_its_alarm_rings_when_all_attempts_failed_and_is_in_the_handbook() -> None:
    alarm = STACK.properties("AuditReporterFailedAlarm")
    retries = STACK.properties("AuditReporterEventInvokeConfig")["MaximumRetryAttempts"]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (retries, "GreaterThanThreshold")
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "pointsman-audit-reporter"}]
    assert alarm["AlarmName"] == "pointsman/AuditReporterFailed"
    assert alarm["TreatMissingData"] == "notBreaching"
    assert "| AuditReporterFailed |" in (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("ReportSchedule", "", True),
        ("ReportSchedule", "rate(1 day)", True),
        ("ReportSchedule", "cron(0 5 ? * MON-FRI *)", True),
        ("ReportSchedule", "daily", False),
        ("ReportSchedule", "cron(0 5)x", False),
        ("ReportTimeZone", "America/Argentina/Buenos_Aires", True),
        ("ReportTimeZone", "Etc/GMT+3", True),
        ("ReportTimeZone", "../../etc/passwd", False),
        ("ReportTimeZone", "", False),
    ],
)
def test_what_the_parameters_take(name: str, value: str, taken: bool) -> None:
    assert bool(re.fullmatch(load("template.yaml")["Parameters"][name]["AllowedPattern"], value)) is taken
