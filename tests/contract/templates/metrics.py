"""The metrics that somebody writes: functions, filters of the API's log, and AWS itself."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pointsman.core.github.answer import AnswerOutcome
from tests.contract.templates.cloudformation import ROOT, control

# Metrics of AWS that an alarm or a widget is on, with the dimensions and the unit that AWS documents.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
OF_AWS = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): (("QueueName",), "Count"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): (("QueueName",), "Seconds"),
    ("AWS/Lambda", "IteratorAge"): (("FunctionName",), "Milliseconds"),
    ("AWS/Lambda", "Invocations"): (("FunctionName",), "Count"),
    ("AWS/Lambda", "Errors"): (("FunctionName", "Resource", "ExecutedVersion"), "Count"),
}


@dataclass(frozen=True)
class Metric:
    """A metric that a function emits. Powertools adds the dimension `service`."""

    name: str
    unit: str
    dimensions: frozenset[str] = frozenset({"service"})


def written(namespace: str, name: str, dimensions: Mapping[str, str]) -> str | None:
    """The unit of a metric with these dimensions; None if nobody writes it."""
    if namespace.startswith("AWS/"):
        documented, unit = OF_AWS[namespace, name]
        return unit if tuple(dimensions) == documented else None
    if (namespace, name) in (filters := dict(_of_the_log())):
        return None if dimensions else filters[namespace, name]
    units = {each.unit for each in emitted() if each.name == name and each.dimensions == set(dimensions)}
    return units.pop() if len(units) == 1 and _is_of_the_functions(namespace, dimensions) else None


def _is_of_the_functions(namespace: str, dimensions: Mapping[str, str]) -> bool:
    environments = [each["Environment"]["Variables"] for each in control().of_type("AWS::Lambda::Function").values()]
    return {(namespace, dimensions["service"])} == {
        (each["POWERTOOLS_METRICS_NAMESPACE"], each["POWERTOOLS_SERVICE_NAME"]) for each in environments
    }


def _of_the_log() -> Iterator[tuple[tuple[str, str], str]]:
    for each in control().of_type("AWS::Logs::MetricFilter").values():
        for transformation in each["MetricTransformations"]:
            assert "Dimensions" not in transformation
            yield (transformation["MetricNamespace"], transformation["MetricName"]), transformation["Unit"]


@cache
def emitted() -> tuple[Metric, ...]:
    """Every metric that a function emits."""
    return tuple(each for path in sorted((ROOT / "functions").rglob("*.py")) for each in _emitted_in(path))


def _emitted_in(path: Path) -> Iterator[Metric]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.With) and (calls := [each.context_expr for each in node.items]):
            for call in calls:
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "single_metric":
                    yield from _metrics(call, path, frozenset({"service", *_dimensions_added(node)}))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_metric":
            yield from _metrics(node, path, frozenset({"service"}))


def _metrics(call: ast.Call, path: Path, dimensions: frozenset[str]) -> Iterator[Metric]:
    given: dict[str | None, Any] = {each.arg: each.value for each in call.keywords}
    for name in _names(given["name"], path):
        yield Metric(name, given["unit"].attr, dimensions)


def _dimensions_added(node: ast.With) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and getattr(each.func, "attr", "") == "add_dimension":
            [name] = [keyword.value for keyword in each.keywords if keyword.arg == "name"]
            assert isinstance(name, ast.Constant)
            yield str(name.value)


def _names(name: ast.expr, path: Path) -> Iterator[str]:
    match name:
        case ast.Constant():
            yield str(name.value)
        case ast.Subscript(value=ast.Name(id=table)):  # one of a table of the same module
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            yield from getattr(module, table).values()
        case ast.JoinedStr():  # the receiver counts its outcomes
            outcomes = (*get_args(AnswerOutcome.__value__), "failed")
            yield from (f"Deliveries{outcome.capitalize()}" for outcome in outcomes)
        case _:
            raise AssertionError(f"{path}: which metrics are named {ast.unparse(name)}?")
