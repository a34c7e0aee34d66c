"""The API's own answers are counted from its access log and raise an alarm."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.contract.templates.cloudformation import ROOT, control

TIMED_OUT = (
    "The Lambda function returned the following error: RequestId: 01fe3839-4974-40d5-960a-173fcb5ec786 Error: "
    "Task timed out after 10.00 seconds. Check your Lambda function code and try again."
)
RAISED = (
    "The Lambda function returned the following error: the secret pointsman/github-webhook has no text. "
    "Check your Lambda function code and try again."
)
TOO_LARGE = "Request must be smaller than 6291556 bytes for the InvokeFunction operation"


def logged(**values: str) -> str:
    """A line as the template's own format makes it; what has no value is a hyphen, as in every access log."""
    context_values = {
        "requestId": "JKJaXmPLvHcESHA=",
        "requestTime": "23/Nov/2026:05:00:01 +0000",
        "identity.sourceIp": "140.82.115.54",
        "identity.userAgent": "GitHub-Hookshot/044aadd",
        "routeKey": "POST /github",
        "responseLength": "413",
        "responseLatency": "5013",
    } | {name.replace("_", "."): value for name, value in values.items()}
    layout = control().properties("ApiApiGatewayDefaultStage")["AccessLogSettings"]["Format"]
    return re.sub(r"\$context\.([a-zA-Z.]+)", lambda match: context_values.get(match[1], "-"), layout)


def by_function(status: int) -> str:
    return logged(status=str(status), integrationStatus="200", integrationLatency="40")


def by_api(status: int, error: str, **values: str) -> str:
    return logged(status=str(status), error_message=error, **values)


# --- CloudWatch's patterns ------------------------------------------------------------------------------------------
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

TOKEN = re.compile(r'\s*(\(|\)|&&|\|\||\$\.(?P<name>\w+)\s*(?P<how>!?=)\s*"(?P<text>[^"]*)")')


def matches(pattern: str, line: str) -> bool:
    """Whether a filter for JSON takes a line. Text is compared with `*` as the wildcard; && binds closer than ||."""
    fields = re.fullmatch(r"\s*\{(.*)\}\s*", pattern, re.DOTALL)
    assert fields, "not a pattern for JSON"
    tokens = list(TOKEN.finditer(fields[1].strip()))
    assert "".join(token[0] for token in tokens) == fields[1].strip(), "not the part of the syntax that is known here"
    match: Mapping[str, Any] = json.loads(line)
    return bool(eval(" ".join(_as_python(token, match) for token in tokens)))  # True, False, and, or, parentheses


def _as_python(token: re.Match[str], line: Mapping[str, Any]) -> str:
    if token["name"] is None:
        return {"&&": "and", "||": "or"}.get(token[1], token[1])
    assert "?" not in token["text"]
    assert "[" not in token["text"]
    value = line.get(token["name"])
    if not isinstance(value, str):
        return "False"  # what is not there matches nothing, not even !=
    return str(fnmatchcase(value, token["text"]) is (token["how"] == "="))


@pytest.mark.parametrize(
    ("pattern", "takes"),
    [
        ('{ $.a = "1" }', True),
        ('{ $.a != "1" }', False),
        ('{ $.none != "1" }', False),
        ('{ $.a = "2" || $.b = "t*" && $.a = "3" }', False),
        ('{ ($.a = "2" || $.b = "t*") && $.a = "1" }', True),
        ('{ $.b = "*w*" }', True),
    ],
)
def test_patterns_are_read_here_as_cloudwatch_documents_them(pattern: str, takes: bool) -> None:
    assert matches(pattern, '{"a": "1", "b": "two"}') is takes


# --- the filters ----------------------------------------------------------------------------------------------------


def filters() -> dict[str, dict[str, Any]]:
    """Metric → the properties of its filter."""
    match = control().of_type("AWS::Logs::MetricFilter").values()
    return {each["MetricTransformations"][0]["MetricName"]: each for each in match}


def taken(line: str) -> set[str]:
    return {metric for metric, each in filters().items() if matches(each["FilterPattern"], line)}


@pytest.mark.parametrize("status", [200, 202, 400, 401, 404, 503])
def test_what_the_function_answered_is_counted_by_the_function_alone(status: int) -> None:
    assert taken(by_function(status)) == set()


@pytest.mark.parametrize(
    "line",
    [
        by_api(413, "Request Entity Too Large"),
        by_api(413, "Request Entity Too Large", integrationStatus="413"),
        by_api(413, "-", integrationStatus="413", integrationErrorMessage=TOO_LARGE),
    ],
)
def test_what_was_too_large_is_counted_as_that(line: str) -> None:
    assert taken(line) == {"DeliveriesTooLarge"}


@pytest.mark.parametrize(
    "line",
    [
        by_api(500, "Internal Server Error", integrationStatus="413"),
        by_api(500, "Internal Server Error", integrationErrorMessage=TOO_LARGE),
        by_api(502, "Bad Gateway", integrationErrorMessage="RequestEntityTooLargeException: 6291557 byte payload"),
    ],
)
def test_a_server_error_of_the_api_raises_the_alarm_too(line: str) -> None:
    assert "DeliveriesTooLarge" in taken(line)


@pytest.mark.parametrize(
    "line",
    [
        by_api(429, "Too Many Requests"),
        by_api(500, "Internal Server Error", integrationStatus="403", integrationErrorMessage="no permission"),
        by_api(500, "Internal Server Error", integrationStatus="200", integrationErrorMessage=TIMED_OUT),
        by_api(500, "Internal Server Error", integrationStatus="500", integrationErrorMessage=TIMED_OUT),
        by_api(500, "Internal Server Error", integrationStatus="200", integrationErrorMessage=RAISED),
        by_api(503, "Service Unavailable", integrationStatus="429"),
        by_api(503, "Service Unavailable"),
        by_api(504, "Endpoint request timed out"),
    ],
)
def test_what_no_function_answered_is_counted_as_lost(line: str) -> None:
    assert taken(line) == {"DeliveriesLost"}


@pytest.mark.parametrize("line", [by_api(404, "Not Found", routeKey="-"), by_api(403, "Forbidden"), by_api(400, "Bad")])
def test_what_a_stranger_asks_for_rings_nowhere(line: str) -> None:
    assert taken(line) == set()


def test_the_filters_read_the_log_that_the_api_writes_by_names_that_it_has() -> None:
    names = json.loads(logged()).keys()
    for each in filters().values():
        assert each["LogGroupName"] == control().properties("ApiLogs")["LogGroupName"]
        used = set(re.findall(r"\$\.(\w+)", each["FilterPattern"]))
        assert used
        assert used <= names
        assert len(each["FilterPattern"]) <= 1024
    destination = control().properties("ApiApiGatewayDefaultStage")["AccessLogSettings"]["DestinationArn"]
    assert destination == "<ApiLogs.Arn>"


def test_a_line_of_the_log_is_json_whose_values_are_text() -> None:
    line = json.loads(by_function(202))
    assert line["status"] == "202"
    assert all(isinstance(value, str) for value in line.values())


# --- the alarms -----------------------------------------------------------------------------------------------------


def ours() -> dict[str, dict[str, Any]]:
    """Metric → the alarm on it, for the metrics that are not AWS's."""
    alarms = control().of_type("AWS::CloudWatch::Alarm").values()
    return {each["MetricName"]: each for each in alarms if not each["Namespace"].startswith("AWS/")}


def written_by_code() -> str:
    folders = (ROOT / "functions", ROOT / "layers/shared/pointsman")
    return "".join(path.read_text() for folder in folders for path in sorted(folder.rglob("*.py")))


def test_every_alarm_uses_a_metric_that_is_written() -> None:
    code = written_by_code()
    outcomes = {f"Deliveries{outcome.capitalize()}" for outcome in re.findall(r'_count\("(\w+)"', code)}
    for metric in ours():
        assert metric in filters() or metric in outcomes or f'"{metric}"' in code, metric


def test_every_filter_has_its_alarm_in_the_same_place() -> None:
    for metric, each in filters().items():
        (transformation,) = each["MetricTransformations"]
        alarm = ours()[metric]
        assert alarm["Namespace"] == transformation["MetricNamespace"]
        # A metric of a filter has no dimension: an alarm that asked for one would never ring.
        assert "Dimensions" not in alarm
        assert "Dimensions" not in transformation
        assert (transformation["MetricValue"], transformation["DefaultValue"], alarm["Statistic"]) == ("1", 0, "Sum")
        assert (alarm["Threshold"], alarm["TreatMissingData"]) == (0, "notBreaching")


@pytest.mark.parametrize(
    ("metric", "advice"), [("DeliveriesTooLarge", "push in smaller steps"), ("DeliveriesLost", "Redeliver")]
)
def test_an_alarm_says_what_to_do(metric: str, advice: str) -> None:
    assert advice in ours()[metric]["AlarmDescription"]
    assert len(ours()[metric]["AlarmDescription"]) <= 1024
