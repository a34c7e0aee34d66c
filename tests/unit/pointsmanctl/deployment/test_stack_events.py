"""The first resource that failed is the reason; what fails because of it is not."""

from typing import Any

import pytest

from pointsmanctl.deployment.stack_events import Interrupted, Operation, Pace, describe_resource
from pointsmanctl.errors import DeploymentFailed

STACK = "arn:aws:cloudformation:eu-west-1:222222222222:stack/pointsman-worker/1"


def event(number: int, resource: str, status: str, reason: str = "", physical: str = "") -> Any:
    return {
        "EventId": str(number),
        "StackId": STACK,
        "LogicalResourceId": resource,
        "PhysicalResourceId": physical or resource,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


class CloudFormation:
    """Answers with the events so far, the newest first, and with a status."""

    def __init__(self, *rounds: list[Any], statuses: list[str]) -> None:
        self.rounds, self.statuses, self.shown = list(rounds), statuses, list[Any]()

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, StackName: str) -> Any:  # noqa: N803 - boto3's name
        self.shown = [*reversed(self.rounds.pop(0)), *self.shown] if self.rounds else self.shown
        return [{"StackEvents": list(self.shown)}]

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"Stacks": [{"StackId": STACK, "StackStatus": status}]}


def quick(quiet_seconds: float = 60.0) -> Pace:
    return Pace(seconds=0.0, quiet_seconds=quiet_seconds)


def operation(client: CloudFormation, newest: str | None = None, *, is_ours: bool = True) -> Operation:
    stub: Any = client
    return Operation(stub, STACK, newest, is_ours)


def test_the_reason_is_the_first_failure_and_not_its_consequences() -> None:
    events = [
        event(1, "pointsman-worker", "UPDATE_IN_PROGRESS", physical=STACK),
        event(2, "Bucket", "CREATE_FAILED", "Resource creation cancelled"),
        event(3, "Role", "CREATE_FAILED", "Role with name x already exists"),
        event(4, "Project", "CREATE_FAILED", "Resource creation cancelled"),
        event(5, "pointsman-worker", "CREATE_FAILED", "The following resource(s) failed: [Role]", physical=STACK),
    ]
    followed = operation(CloudFormation(events, statuses=["ROLLBACK_COMPLETE"]))
    assert followed.follow(quick(), lambda *_: None).status == "ROLLBACK_COMPLETE"
    assert followed.failure == "Role: Role with name x already exists"


def test_a_version_that_was_rolled_back_is_named_with_what_to_look_at() -> None:
    alarm = "One or more alarms have been activated: pointsman/NotifyNewVersion"
    failed = event(1, "NotifyAliaslive", "UPDATE_FAILED", alarm) | {"ResourceType": "AWS::Lambda::Alias"}
    followed = operation(CloudFormation([failed], statuses=["UPDATE_ROLLBACK_COMPLETE"]))
    followed.follow(quick(), lambda *_: None)
    assert followed.failure.startswith(f"NotifyAliaslive: {alarm} (the new version of the function was not accepted")


def test_while_an_alias_moves_the_progress_says_what_it_waits_for() -> None:
    assert describe_resource("Bus") == "Bus"
    assert describe_resource("StartBuildAliaslive").startswith("StartBuild goes live; its alarms are watched")


def test_events_of_earlier_operations_do_not_count() -> None:
    earlier = [event(1, "Role", "CREATE_FAILED", "earlier")]
    new = [event(2, "Role", "UPDATE_COMPLETE")]
    followed = operation(CloudFormation(earlier, new, statuses=["UPDATE_COMPLETE"]), newest="1")
    followed.follow(quick(), lambda *_: None)
    assert (followed.failure, followed.finished_resources) == ("", {"Role"})


def test_the_status_before_the_first_event_is_not_the_end() -> None:
    client = CloudFormation([], [], [event(1, "Role", "UPDATE_COMPLETE")], statuses=["UPDATE_COMPLETE"])
    followed = operation(client)
    followed.follow(quick(), lambda *_: None)
    assert followed.events


def test_somebody_elses_operation_may_have_ended_already() -> None:
    followed = operation(CloudFormation(statuses=["UPDATE_COMPLETE"]), is_ours=False)
    assert followed.follow(quick(), lambda *_: None).status == "UPDATE_COMPLETE"


def test_it_waits_for_as_long_as_there_are_events() -> None:
    rounds = [[event(number, f"R{number}", "CREATE_COMPLETE")] for number in range(50)]
    client = CloudFormation(*rounds, statuses=["CREATE_IN_PROGRESS"] * 49 + ["CREATE_COMPLETE"])
    shown: list[int] = []
    operation(client).follow(Pace(seconds=0.01, quiet_seconds=0.2), lambda _, finished: shown.append(finished))
    assert shown == list(range(1, 51))


def test_without_an_event_for_long_it_gives_up_and_says_what_to_do() -> None:
    client = CloudFormation([event(1, "Role", "CREATE_IN_PROGRESS")], statuses=["CREATE_IN_PROGRESS"])
    with pytest.raises(DeploymentFailed, match=r"CREATE_IN_PROGRESS without an event .* deploy again to continue"):
        operation(client).follow(quick(0.0), lambda *_: None)


def test_ctrl_c_ends_the_waiting() -> None:
    pace = quick()
    pace.stopping.set()
    client = CloudFormation([event(1, "Role", "CREATE_IN_PROGRESS")], statuses=["CREATE_IN_PROGRESS"])
    with pytest.raises(Interrupted):
        operation(client).follow(pace, lambda *_: None)
