"""Every EventBridge pattern of the templates against real samples, with moto's pattern matcher."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.events.models import EventPattern

from pointsmanctl.doctor.crossing import DETAIL_TYPE, SOURCE
from tests.contract.templates.cloudformation import ROOT, Stack, control, reporting_instances, worker

type Sample = dict[str, Any]
type Change = Callable[[Sample], None]

IN_PROGRESS = "codebuild-build-in-progress"
ENDS = ["codebuild-build-succeeded", "codebuild-build-failed", "codebuild-build-stopped"]
PHASE = "codebuild-build-phase-change"
HOST = "eventbridge-host-result"
SCHEDULED = "eventbridge-scheduled"
INSTANCE = "ec2-instance-running"
TEST = "eventbridge-test-event"
ALARM = "cloudwatch-alarm"
EVERY = [IN_PROGRESS, *ENDS, PHASE, HOST, SCHEDULED, INSTANCE, TEST, ALARM]

# Rule → the samples that it takes; it must leave every other one.
TAKES: dict[tuple[Callable[[], Stack], str], list[str]] = {
    (control, "StartBuildBuildEnded"): [IN_PROGRESS, *ENDS],
    (control, "AuditWriterBuildState"): [IN_PROGRESS, *ENDS],
    (control, "AuditWriterHostResult"): [HOST],
    (control, "StartBuildNewInstance"): [INSTANCE],
    (reporting_instances, "NewInstances"): [INSTANCE],
    (control, "TestEventsRule"): [TEST],
    (worker, "BuildStates"): [IN_PROGRESS, *ENDS, TEST],
    (control, "NotifyAlarmState"): [],  # of the control stack itself: below
    (control, "NotifyWorkerAlarmState"): [ALARM],
    (control, "WorkerAlarms"): [ALARM],
    (worker, "AlarmStates"): [ALARM],
}
BUILD_RULES = [each for each in TAKES if IN_PROGRESS in TAKES[each]]


def sample(name: str) -> Sample:
    found: Sample = json.loads((ROOT / "events/aws" / f"{name}.json").read_text())
    return found


def matches(pattern: Any, event: Sample) -> bool:
    return EventPattern(json.dumps(pattern), pattern).matches_event(event)  # type: ignore[arg-type]


def pattern_of(stack: Callable[[], Stack], rule: str) -> Any:
    return stack().properties(rule)["EventPattern"]


every_rule = pytest.mark.parametrize(("stack", "rule"), TAKES, ids=[rule for _, rule in TAKES])


def test_no_rule_is_left_out_here() -> None:
    patterns = {
        (stack, name)
        for stack in (control, worker, reporting_instances)
        for name, rule in stack().of_type("AWS::Events::Rule").items()
        if "EventPattern" in rule and (stack is not reporting_instances or name == "NewInstances")
    }
    assert patterns == TAKES.keys()


@every_rule
@pytest.mark.parametrize("name", EVERY)
def test_a_rule_takes_its_own_samples_and_leaves_the_others(stack: Callable[[], Stack], rule: str, name: str) -> None:
    assert matches(pattern_of(stack, rule), sample(name)) is (name in TAKES[stack, rule])


def of_another_account(event: Sample) -> None:
    event["account"] = "444444444444"


def of_another_project(event: Sample) -> None:
    event["detail"]["project-name"] = "somebody-elses"


def of_another_source(event: Sample) -> None:
    event["source"] = "pointsman.forged"


def of_another_alarm(event: Sample) -> None:
    event["resources"] = ["arn:aws:cloudwatch:eu-west-1:222222222222:alarm:somebody-elses"]


def of_no_alarm(event: Sample) -> None:
    event["detail"]["state"]["value"] = "OK"


def of_another_type(event: Sample) -> None:
    event["detail-type"] = "Something Else"


def of_an_instance_that_stops(event: Sample) -> None:
    event["detail"]["state"] = "stopped"


@pytest.mark.parametrize(
    ("stack", "rule", "change"),
    [
        (control, "StartBuildBuildEnded", of_another_account),
        (control, "StartBuildBuildEnded", of_another_project),
        (control, "StartBuildBuildEnded", of_another_source),
        (control, "StartBuildBuildEnded", of_another_type),
        (control, "AuditWriterBuildState", of_another_account),
        (control, "AuditWriterBuildState", of_another_project),
        (control, "AuditWriterBuildState", of_another_source),
        (control, "AuditWriterBuildState", of_another_type),
        (control, "AuditWriterHostResult", of_another_account),
        (control, "AuditWriterHostResult", of_another_source),
        (control, "AuditWriterHostResult", of_another_type),
        (control, "StartBuildNewInstance", of_another_account),
        (control, "StartBuildNewInstance", of_another_source),
        (control, "StartBuildNewInstance", of_another_type),
        (control, "StartBuildNewInstance", of_an_instance_that_stops),
        (reporting_instances, "NewInstances", of_another_source),
        (reporting_instances, "NewInstances", of_another_type),
        (reporting_instances, "NewInstances", of_an_instance_that_stops),
        (control, "TestEventsRule", of_another_account),
        (control, "TestEventsRule", of_another_project),
        (control, "TestEventsRule", of_another_source),
        (control, "TestEventsRule", of_another_type),
        (control, "NotifyWorkerAlarmState", of_another_account),
        (control, "NotifyWorkerAlarmState", of_another_source),
        (control, "WorkerAlarms", of_another_account),
        (control, "WorkerAlarms", of_another_source),
        (control, "WorkerAlarms", of_no_alarm),
        (worker, "AlarmStates", of_another_alarm),
        (worker, "AlarmStates", of_another_source),
        (worker, "BuildStates", of_another_project),
        (worker, "BuildStates", of_another_source),
        (worker, "BuildStates", of_another_type),
    ],
)
def test_a_rule_leaves_what_is_not_meant_for_it(stack: Callable[[], Stack], rule: str, change: Change) -> None:
    event = copy.deepcopy(sample(TAKES[stack, rule][0]))
    assert matches(pattern_of(stack, rule), event)
    change(event)
    assert not matches(pattern_of(stack, rule), event)


@pytest.mark.parametrize("rule", ["StartBuildBuildEnded", "AuditWriterBuildState", "AuditWriterHostResult"])
@pytest.mark.parametrize("name", [IN_PROGRESS, *ENDS, HOST])
def test_a_test_event_that_looks_like_another_reaches_no_function(rule: str, name: str) -> None:
    """Everyone in a worker account may send test events, and the worker's rule looks at source and type alone."""
    forged = {**sample(name), "source": SOURCE}
    assert not matches(pattern_of(control, rule), forged)
    assert not matches(pattern_of(control, rule), {**forged, "detail-type": DETAIL_TYPE})


def test_the_archive_keeps_what_the_functions_read() -> None:
    pattern = control().properties("BusArchive")["EventPattern"]
    assert {name: matches(pattern, sample(name)) for name in EVERY} == {
        name: name not in (SCHEDULED, TEST) for name in EVERY
    }


@pytest.mark.parametrize("status", ["TIMED_OUT", "FAULT"])
def test_an_end_that_only_the_api_documents_reaches_the_engine(status: str) -> None:
    event = sample(ENDS[0])
    event["detail"]["build-status"] = status
    assert matches(pattern_of(control, "StartBuildBuildEnded"), event)


def test_the_build_states_of_every_worker_account_are_taken() -> None:
    event = sample(ENDS[0])
    event["account"] = "333333333333"
    assert matches(pattern_of(control, "StartBuildBuildEnded"), event)
    assert matches(pattern_of(control, "AuditWriterBuildState"), event)


@pytest.mark.parametrize("stack_and_rule", BUILD_RULES, ids=lambda each: each[1])
def test_the_build_states_of_the_checks_own_project_are_taken(
    stack_and_rule: tuple[Callable[[], Stack], str],
) -> None:
    event = sample(TAKES[stack_and_rule][0])
    event["detail"]["project-name"] = "pointsman-check"
    assert matches(pattern_of(*stack_and_rule), event)


def test_notify_is_called_for_new_items_and_for_forbidden_changes() -> None:
    (described,) = control().properties("NotifyTrail")["FilterCriteria"]["Filters"]
    record = sample("dynamodb-stream")["Records"][0]
    assert matches(json.loads(described["Pattern"]), record)
    for other in ("MODIFY", "REMOVE"):
        assert matches(json.loads(described["Pattern"]), record | {"eventName": other})


def test_the_sweep_comes_often() -> None:
    rule = control().properties("StartBuildSweep")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert rule["Targets"][0]["Arn"] == "<StartBuildAliaslive>"


@pytest.mark.parametrize(
    ("name", "is_shown"),
    [
        ("pointsman/DeliveriesFailed", True),
        ("pointsman/SlackRefused", False),  # about Slack itself
        ("pointsman-two/DeliveriesFailed", False),  # of another installation
        ("pointsman-worker/BuildStates", False),  # of a worker stack beside it, which forwards its own
    ],
)
def test_notify_is_called_for_the_alarms_of_its_own_stack(name: str, is_shown: bool) -> None:
    event = sample(ALARM)
    event["detail"]["alarmName"] = name
    event["resources"] = [f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:{name}"]
    assert matches(pattern_of(control, "NotifyAlarmState"), event) is is_shown
