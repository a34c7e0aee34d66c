"""The Alarms port, on the twin and on CloudWatch (moto): both behave the same."""

from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from moto.backends import get_backend

from pointsman.adapters.alarms_cloudwatch import CloudWatchAlarms
from pointsman.adapters.alarms_memory import MemoryAlarms
from pointsman.core.alarms import AlarmPlace
from pointsman.core.ports import AlarmReading, Alarms, AlarmState

CONTROL, DEV = "123456789012", "222222222222"  # moto's own account is the control account
REGION, OTHER = "eu-west-1", "us-east-1"
STATES = [AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA]
EVERYWHERE = [(CONTROL, REGION), (CONTROL, OTHER), (DEV, REGION), (DEV, OTHER)]


def arn(name: str, account: str = DEV, region: str = REGION) -> str:
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"


class Side(Protocol):
    """One side of the contract, with a way to make alarms in it."""

    @property
    def alarms(self) -> Alarms: ...

    def create(self, arn: str, state: AlarmState, reason: str, *, composite: bool = False) -> None: ...

    def close(self, place: AlarmPlace) -> None: ...


class Memory:
    def __init__(self) -> None:
        self.alarms = MemoryAlarms()

    def create(self, arn: str, state: AlarmState, reason: str, *, composite: bool = False) -> None:
        self.alarms.set(arn, state, reason)

    def close(self, place: AlarmPlace) -> None:
        self.alarms.closed[place] = "Could not connect"


class CloudWatch:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.alarms = CloudWatchAlarms(CONTROL, "pointsman-start", "an-external-id")
        self._monkeypatch = monkeypatch

    def create(self, arn: str, state: AlarmState, reason: str, *, composite: bool = False) -> None:
        _, _, _, region, account, _, name = arn.split(":", 6)
        client = cloudwatch(account, region)
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="Shop",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
        if composite:  # moto lists composite alarms, but has no PutCompositeAlarm
            get_backend("cloudwatch")[account][region].alarms[name].rule = "ALARM(other)"
        client.set_alarm_state(AlarmName=name, StateValue=state.value.upper(), StateReason=reason)

    def close(self, place: AlarmPlace) -> None:
        """Let every request to the region fail before it is sent."""
        real = self.alarms._client

        def client(wanted: AlarmPlace) -> Any:
            made = real(wanted)
            if wanted == place:
                made.meta.events.register("before-send.cloudwatch", refuse)
            return made

        self._monkeypatch.setattr(self.alarms, "_client", client)


def refuse(**_: Any) -> None:
    raise EndpointConnectionError(endpoint_url="https://monitoring.example")


def cloudwatch(account: str, region: str) -> Any:
    """CloudWatch as the account itself has it."""
    if account == CONTROL:
        return boto3.client("cloudwatch", region_name=region)
    role = f"arn:aws:iam::{account}:role/pointsman-start-{region}"
    answer = boto3.client("sts", region_name=region).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "cloudwatch",
        region_name=region,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )


@pytest.fixture(params=["memory", "cloudwatch"])
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    with mock_aws():
        yield Memory() if request.param == "memory" else CloudWatch(monkeypatch)


@pytest.mark.parametrize("composite", [False, True], ids=["metric", "composite"])
@pytest.mark.parametrize("state", STATES)
def test_an_alarm_is_read_with_its_state_and_its_reason(side: Side, state: AlarmState, composite: bool) -> None:
    side.create(arn("errors"), state, "Threshold Crossed: 1 datapoint", composite=composite)
    expected = AlarmReading(state=state, reason="Threshold Crossed: 1 datapoint")
    assert side.alarms.states([arn("errors")]) == {arn("errors"): expected}


def test_alarms_of_one_name_in_every_account_and_region_are_kept_apart(side: Side) -> None:
    for account, region in EVERYWHERE:
        side.create(arn("errors", account, region), AlarmState.ALARM, f"in {account}/{region}")
    wanted = [arn("errors", *place) for place in EVERYWHERE]
    assert [reading.reason for reading in side.alarms.states(wanted).values()] == [
        f"in {account}/{region}" for account, region in EVERYWHERE
    ]


def test_an_alarm_that_does_not_exist_is_missing(side: Side) -> None:
    side.create(arn("errors", region=OTHER), AlarmState.OK, "")
    assert side.alarms.states([arn("errors")])[arn("errors")] == AlarmReading(
        state=AlarmState.MISSING, reason=f"{DEV}/{REGION} has no alarm of this name"
    )


def test_more_alarms_than_one_call_takes_are_all_read(side: Side) -> None:
    wanted = [arn(f"errors-{number}") for number in range(103)]
    for each in wanted[::3]:
        side.create(each, AlarmState.OK, "fine")
    states = side.alarms.states(wanted)
    assert [states[each].state for each in wanted[::3]] == [AlarmState.OK] * 35
    assert [reading.state for reading in states.values()].count(AlarmState.MISSING) == 68


def test_a_region_that_does_not_answer_makes_its_alarms_unreadable_and_no_others(side: Side) -> None:
    side.create(arn("errors"), AlarmState.OK, "fine")
    side.create(arn("errors", region=OTHER), AlarmState.OK, "fine")
    side.close(AlarmPlace(DEV, OTHER))
    states = side.alarms.states([arn("errors"), arn("errors", region=OTHER), arn("more", region=OTHER)])
    assert [each.state for each in states.values()] == [AlarmState.OK, AlarmState.UNREADABLE, AlarmState.UNREADABLE]
    assert states[arn("errors", region=OTHER)].reason.startswith(f"reading alarms in {DEV}/{OTHER} failed: Could not ")


@pytest.mark.parametrize(
    "wrong", ["", "errors", "arn:aws:sns:eu-west-1:222222222222:errors", arn(""), arn("a\nb"), arn("x", "2222")]
)
def test_what_is_not_the_arn_of_an_alarm_is_unreadable(side: Side, wrong: str) -> None:
    side.create(arn("errors"), AlarmState.OK, "")
    states = side.alarms.states([wrong, arn("errors")])
    assert [each.state for each in states.values()] == [AlarmState.UNREADABLE, AlarmState.OK]
    assert side.alarms.states([wrong])[wrong].reason == "this is not the ARN of a CloudWatch alarm"


def test_no_alarms_are_no_call(side: Side) -> None:
    assert side.alarms.states([]) == {}


def test_a_reason_is_one_short_line_without_secrets(side: Side) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    side.create(arn("errors"), AlarmState.ALARM, f"Set by hand\nwith {secret[:40]}\u202e and " + "x" * 400)
    reason = side.alarms.states([arn("errors")])[arn("errors")].reason
    assert reason.startswith("Set by hand with [redacted]")
    assert len(reason) == 200
    assert "\u202e" not in reason


def test_a_name_with_colons_and_slashes_is_one_name(side: Side) -> None:
    wanted = arn("shop/errors: 5xx")
    side.create(wanted, AlarmState.OK, "fine")
    assert side.alarms.states([wanted])[wanted].state is AlarmState.OK
