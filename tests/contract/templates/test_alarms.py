"""Every alarm looks where something is written, and says to an operator what to do."""

import re
from typing import Any

import pytest

from tests.contract.templates.cloudformation import ROOT, Stack, control, load, worker
from tests.contract.templates.metrics import emitted, written

ALARMS = control().of_type("AWS::CloudWatch::Alarm")


def test_the_metric_names_of_a_table_are_read() -> None:
    names = {each.name for each in emitted()}
    assert {"MessagesPosted", "RolloutsUnknown", "SlackRefused", "DeliveriesFailed", "RunsSkipped"} <= names


def test_a_metric_that_nobody_writes_or_with_other_dimensions_is_noticed() -> None:
    service = {"service": "pointsman"}
    assert written("Pointsman", "SlackRefused", service) == "Count"
    assert written("Pointsman", "OldestWait", service) == "Seconds"
    assert written("Pointsman", "TargetFailures", {**service, "target": "dev/eu-west-1"}) == "Count"
    for other in ({}, {"service": "other"}, {**service, "target": "dev/eu-west-1"}):
        assert written("Pointsman", "SlackRefused", other) is None
    assert written("Pointsman", "TargetFailures", service) is None
    assert written("Pointsman", "DeliveriesLost", service) is None  # a metric filter has no dimension
    assert written("Other", "SlackRefused", service) is None
    assert written("Pointsman", "NobodyWritesThis", service) is None
    assert written("AWS/SQS", "ApproximateAgeOfOldestMessage", {"Queue": "changes"}) is None


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS.keys())
def test_an_alarm_uses_a_metric_that_is_written_with_its_dimensions(alarm: dict[str, Any]) -> None:
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    assert written(alarm["Namespace"], alarm["MetricName"], dimensions)


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_has_its_row_in_the_operators_handbook(name: str) -> None:
    assert f"| {name.removesuffix('Alarm')} |" in (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS.keys())
def test_an_alarm_is_silent_while_nothing_happens(alarm: dict[str, Any]) -> None:
    rings_for_silence = alarm["AlarmName"] == "pointsman/AuditArchiverStopped"
    assert alarm["TreatMissingData"] == ("breaching" if rings_for_silence else "notBreaching")
    assert alarm["AlarmDescription"]


def test_a_schedule_that_is_off_rings_though_nothing_fails() -> None:
    alarm = ALARMS["AuditArchiverStoppedAlarm"]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "Invocations",
        1,
        "LessThanThreshold",
    )
    function = load("template.yaml")["Resources"]["AuditArchiver"]["Properties"]
    assert function["Events"]["Hours"]["Properties"]["Schedule"] == "rate(30 minutes)"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 6 * 1800
    resource = control().template["Resources"]["AuditArchiverStoppedAlarm"]
    assert resource["DependsOn"] == "AuditArchiverHours"  # so it is not older than the first call


def test_every_alarm_notifies_the_stacks_topic_and_that_of_the_operators_if_there_is_one() -> None:
    for name in ALARMS:
        own, theirs = control().template["Resources"][name]["Properties"]["AlarmActions"]
        assert own == {"Ref": "AlarmTopic"}, name
        assert theirs["Fn::If"][:2] == ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}], name


@pytest.mark.parametrize("stack", [control(), worker()], ids=["control", "worker"])
def test_an_alarm_has_the_stacks_name_and_its_own_so_that_rules_tell_installations_apart(stack: Stack) -> None:
    prefix = "pointsman" if "Api" in stack.resources else "pointsman-worker"
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmName"] == f"{prefix}/{name.removesuffix('Alarm')}"


def test_alarms_about_slack_are_not_sent_to_slack_but_to_the_topic() -> None:
    """Each attempt to show one would fail, too, and ring again."""
    pattern = control().properties("NotifyAlarmState")["EventPattern"]
    [left_out] = [each["anything-but"] for each in pattern["detail"]["alarmName"]]
    about_slack = {
        alarm["AlarmName"] for name, alarm in ALARMS.items() if name.startswith(("Messages", "Notify", "Slack"))
    }
    assert set(left_out) == about_slack


def test_every_alarm_of_a_worker_is_forwarded() -> None:
    [resource] = worker().properties("AlarmStates")["EventPattern"]["resources"]
    for alarm in worker().of_type("AWS::CloudWatch::Alarm").values():
        arn = f"arn:aws:cloudwatch:eu-west-1:222222222222:alarm:{alarm['AlarmName']}"
        assert arn.startswith(resource["prefix"])


def test_the_text_of_a_workers_alarm_fits_into_the_message_of_the_topic() -> None:
    for alarm in worker().of_type("AWS::CloudWatch::Alarm").values():
        assert not set(alarm["AlarmDescription"]) & set('"\\\n')
    [target] = control().properties("WorkerAlarms")["Targets"]
    assert target["Arn"] == "<AlarmTopic>"
    transformer = target["InputTransformer"]
    assert set(re.findall("<([a-z]+)>", transformer["InputTemplate"])) == set(transformer["InputPathsMap"])


def test_only_cloudwatch_and_eventbridge_publish_alarms() -> None:
    own, workers = control().properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert own["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert own["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:pointsman/*"}
    }
    assert workers["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in workers  # EventBridge sets no key for a topic: a condition would refuse every event


def test_somebody_gets_the_alarms_by_email_if_an_address_is_given() -> None:
    assert control().of_type("AWS::SNS::Subscription") == {}
    [subscription] = control(AlarmEmail="ops@example.com").of_type("AWS::SNS::Subscription").values()
    assert subscription == {"TopicArn": "<AlarmTopic>", "Protocol": "email", "Endpoint": "ops@example.com"}


def watched(metric: str) -> set[str]:
    return {
        dimension["Value"]
        for alarm in ALARMS.values()
        if alarm["MetricName"] == metric
        for dimension in alarm["Dimensions"]
    }


def test_every_dead_letter_queue_has_an_alarm() -> None:
    queues = {f"<{name}.QueueName>" for name in control().of_type("AWS::SQS::Queue") if name.endswith("DeadLetters")}
    assert len(queues) == len(control().of_type("AWS::SQS::Queue")) - len(("ChangesQueue", "TestEvents"))
    assert watched("ApproximateNumberOfMessagesVisible") == queues


def test_what_waits_too_long_rings() -> None:
    assert watched("ApproximateAgeOfOldestMessage") == {"<ChangesQueue.QueueName>"}
    readers = ("Notify", "AuditIndexer")
    assert watched("IteratorAge") == {control().properties(each)["FunctionName"] for each in readers}
    # A reader of the stream gives an event up after this time: the alarm rings before.
    for each in readers:
        alarm, stream = control().properties(f"{each}IteratorAgeAlarm"), control().properties(f"{each}Trail")
        assert alarm["Threshold"] < stream["MaximumRecordAgeInSeconds"] * 1_000
