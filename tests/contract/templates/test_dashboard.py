"""The dashboard shows metrics that are written, in a body that CloudWatch takes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

import json
import re
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import jsonschema
import pytest

from functions.start_build.run_metrics import END_METRICS
from tests.contract.templates.cloudformation import ROOT, control, statements_of_roles
from tests.contract.templates.metrics import written

BODY = json.loads(control().properties("Dashboard")["DashboardBody"])
WIDGETS = {each["properties"]["title"]: each for each in BODY["widgets"]}
GRAPHS = {title: each["properties"] for title, each in WIDGETS.items() if each["type"] == "metric"}
every_graph = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS.keys())

FREE_METRICS = 50  # of a dashboard that costs nothing: https://aws.amazon.com/cloudwatch/pricing/
SEARCH = re.compile(
    r"SORT\(SEARCH\('\{(?P<schema>[\w,]+)\} MetricName=\"(?P<name>\w+)\" service=\"(?P<service>[\w-]+)\"',"
    r" '(?P<stat>\w+)'\), SUM, DESC, (?P<limit>\d+)\)"
)


def strictly(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    """The schema of an object with these properties and no other."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


# Of AWS's structure, what the dashboard uses. A title and the unit on the axis are ours to require.
POSITION = {
    "x": {"type": "integer", "minimum": 0, "maximum": 23},
    "y": {"type": "integer", "minimum": 0},
    "width": {"type": "integer", "minimum": 1, "maximum": 24},
    "height": {"type": "integer", "minimum": 1, "maximum": 1000},
}
TITLE = {"type": "string", "minLength": 1}
STATISTIC = {"enum": ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p99"]}
AXIS = strictly(
    {
        "label": {"enum": ["deliveries", "hours", "messages", "reports", "runs", "seconds"]},
        "showUnits": {"const": False},
        "min": {},
    }
)
OPTIONS = {"label": TITLE, "stat": STATISTIC, "color": {"type": "string", "pattern": "^#[0-9a-f]{6}$"}}
METRIC = {
    "type": "array",
    "minItems": 1,
    "prefixItems": [{"anyOf": [{"type": "string"}, strictly({"expression": TITLE, "id": TITLE, "label": TITLE})]}],
    "items": {"anyOf": [{"type": "string"}, strictly(OPTIONS, "stat", "color")]},
}
GRAPH = strictly(
    {
        "title": TITLE,
        "region": {"const": "us-east-1"},
        "view": {"enum": ["timeSeries", "bar"]},
        "stacked": {"type": "boolean"},
        "setPeriodToTimeRange": {"const": True},
        "stat": STATISTIC,
        "period": {"type": "integer", "multipleOf": 60, "minimum": 60},
        "yAxis": strictly({"left": AXIS}),
        "metrics": {"type": "array", "minItems": 1, "maxItems": 500, "items": METRIC},
    },
    "setPeriodToTimeRange",
)
ALARMS = strictly(
    {
        "title": TITLE,
        "sortBy": {"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
        "alarms": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string"}, "uniqueItems": True},
    }
)
SCHEMA = strictly(
    {
        "start": {"type": "string", "pattern": "^-P(T?[0-9]+[HDWM])$"},
        "periodOverride": {"enum": ["auto", "inherit"]},
        "widgets": {
            "type": "array",
            "maxItems": 500,
            "items": {
                "oneOf": [
                    strictly({"type": {"const": "metric"}, **POSITION, "properties": GRAPH}),
                    strictly({"type": {"const": "alarm"}, **POSITION, "properties": ALARMS}),
                ]
            },
        },
    }
)


def test_the_body_has_the_structure_that_cloudwatch_documents() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(BODY, SCHEMA, jsonschema.Draft202012Validator)
    assert len(WIDGETS) == len(BODY["widgets"])  # no title twice


def cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
    columns = range(widget["x"], widget["x"] + widget["width"])
    return set(product(columns, range(widget["y"], widget["y"] + widget["height"])))


def test_no_widgets_overlap_and_none_leaves_the_grid() -> None:
    for one, other in combinations(BODY["widgets"], 2):
        assert not cells(one) & cells(other), (one["properties"]["title"], other["properties"]["title"])
    assert all(each["x"] + each["width"] <= 24 for each in BODY["widgets"])


def metrics_in(graph: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each metric of a graph; of a search, with any value where it has none."""
    for metric in graph["metrics"]:
        if isinstance(metric[0], dict):
            search = SEARCH.fullmatch(metric[0]["expression"])
            assert search, metric
            namespace, *dimensions = search["schema"].split(",")
            yield namespace, search["name"], dict.fromkeys(dimensions, "any") | {"service": search["service"]}
        else:
            namespace, name, *rest, _ = metric
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


@every_graph
def test_each_metric_is_written_and_has_the_unit_of_the_axis(graph: dict[str, Any]) -> None:
    units = {metric[1]: written(*metric) for metric in metrics_in(graph)}
    assert None not in units.values(), units
    assert set(units.values()) == {"Seconds" if graph["yAxis"]["left"]["label"] == "seconds" else "Count"}


def test_every_queue_is_one_that_the_stack_has() -> None:
    queues = {f"<{name}.QueueName>" for name in control().of_type("AWS::SQS::Queue")}
    shown = {
        dimensions["QueueName"]
        for graph in GRAPHS.values()
        for _, _, dimensions in metrics_in(graph)
        if "QueueName" in dimensions
    }
    assert shown == queues - {"<TestEvents.QueueName>"}


def test_a_run_is_shown_whatever_its_end_is() -> None:
    assert {name for _, name, _ in metrics_in(GRAPHS["Runs by state"])} == set(END_METRICS.values())


def test_every_alarm_of_the_control_stack_is_shown() -> None:
    [widget] = [each["properties"] for each in BODY["widgets"] if each["type"] == "alarm"]
    assert set(widget["alarms"]) == {f"<{name}.Arn>" for name in control().of_type("AWS::CloudWatch::Alarm")}


def test_a_dashboard_with_so_few_metrics_is_free_of_charge() -> None:
    expressions = [
        metric[0]["expression"] for graph in GRAPHS.values() for metric in graph["metrics"] if len(metric) == 1
    ]
    [search] = [SEARCH.fullmatch(each) for each in expressions]
    listed = sum(len(graph["metrics"]) for graph in GRAPHS.values()) - 1
    assert search
    assert listed + int(search["limit"]) <= FREE_METRICS


@pytest.mark.parametrize("title", WIDGETS)
def test_every_widget_has_its_row_in_the_operators_handbook(title: str) -> None:
    assert f"| {title} |" in (ROOT / "docs/operations.md").read_text()


def test_the_url_leads_to_the_dashboard_of_the_partition() -> None:
    assert control().properties("Dashboard")["DashboardName"] == "pointsman"
    url = control().outputs["DashboardUrl"]["Value"]
    assert (
        url
        == "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/pointsman"
    )
    assert set(control().template["Mappings"]["Consoles"]) == {"aws", "aws-cn", "aws-us-gov"}


def test_readers_may_see_it() -> None:
    allowed = [each for each in statements_of_roles(control()) if each.where == "ReaderPolicy"]
    [seeing] = [each for each in allowed if "cloudwatch:GetDashboard" in each.actions]
    assert seeing.resources == ["arn:aws:cloudwatch::111111111111:dashboard/pointsman"]
    assert "cloudwatch:GetMetricData" in {action for each in allowed for action in each.actions}
