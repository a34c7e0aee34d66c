"""The alarms that a gate names are read in any account and region, with start_build's own credentials, under IAM."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.names import CONTROL_ACCOUNT
from pointsman.adapters.alarms_cloudwatch import CloudWatchAlarms
from pointsman.core.ports import AlarmReading, AlarmState
from pointsmanctl.demo.observer import Observer
from tests.support.roles import Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ACCOUNTS = {"control": CONTROL_ACCOUNT, "dev": "222222222222", "prod": "333333333333"}
PLACES = [("control", "us-east-1"), ("control", "eu-west-1"), ("dev", "eu-west-1"), ("prod", "ca-central-1")]
METRIC, COMPOSITE, ABSENT = "shop/errors: 5xx", "shop-is-ill", "nowhere"


def arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:cloudwatch:{region}:{ACCOUNTS[account]}:alarm:{name}"


def create(cloudwatch: Any, account: str, region: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=METRIC,
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName=COMPOSITE, AlarmRule=f'ALARM("{METRIC}")')
    cloudwatch.set_alarm_state(AlarmName=METRIC, StateValue="ALARM", StateReason=f"{account}/{region}: 7 errors")


@pytest.fixture(scope="module")
def roles(world: Observer) -> Roles:
    return Roles(world)


@pytest.fixture
def alarms(world: Observer, roles: Roles, monkeypatch: pytest.MonkeyPatch) -> CloudWatchAlarms:
    """What start_build makes, with its role's credentials and its environment."""
    credentials = roles.of_function("pointsman-start-build").session.get_credentials()
    assert credentials
    assert credentials.token
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.cloud.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", credentials.token)
    function = world.cloud.client("lambda").get_function_configuration(FunctionName="pointsman-start-build")
    environment = function["Environment"]["Variables"]
    return CloudWatchAlarms(environment["ACCOUNT_ID"], environment["START_ROLE_NAME"], environment["EXTERNAL_ID"])


def test_start_build_reads_the_alarms_of_every_account_and_region(world: Observer, alarms: CloudWatchAlarms) -> None:
    for place in PLACES:
        create(world.cloud.client("cloudwatch", *place), *place)
    names = (METRIC, COMPOSITE, ABSENT)
    states = alarms.states([arn(*place, name) for place in PLACES for name in names])
    for account, region in PLACES:
        firing, composite, absent = (states[arn(account, region, name)] for name in names)
        assert firing == AlarmReading(state=AlarmState.ALARM, reason=f"{account}/{region}: 7 errors")
        assert composite.state in (AlarmState.ALARM, AlarmState.OK, AlarmState.INSUFFICIENT_DATA), composite
        assert absent.state is AlarmState.MISSING


def test_an_account_without_a_worker_stack_is_unreadable_and_no_other(
    world: Observer, alarms: CloudWatchAlarms
) -> None:
    create(world.cloud.client("cloudwatch", "dev", "eu-west-1"), "dev", "eu-west-1")
    strange = "arn:aws:cloudwatch:eu-west-1:999999999999:alarm:errors"
    states = alarms.states([strange, arn("dev", "eu-west-1", METRIC)])
    assert [each.state for each in states.values()] == [AlarmState.UNREADABLE, AlarmState.ALARM]
    assert "AccessDenied" in states[strange].reason


def test_no_other_role_and_no_other_region_is_opened(roles: Roles) -> None:
    start = roles.named("dev", "pointsman-start-eu-west-1", "eu-west-1")
    assert "MetricAlarms" in start.client("cloudwatch").describe_alarms()
    elsewhere = roles.named("dev", "pointsman-start-eu-west-1", "us-east-1")
    build = roles.named("dev", "pointsman-build-eu-west-1", "eu-west-1")
    for caller in (elsewhere, build, roles.of_function("pointsman-audit-writer")):
        with pytest.raises(ClientError, match="AccessDenied"):
            caller.client("cloudwatch").describe_alarms()
    for role in (start, roles.of_function("pointsman-start-build")):
        with pytest.raises(ClientError, match="AccessDenied"):
            role.client("cloudwatch").set_alarm_state(AlarmName=METRIC, StateValue="OK", StateReason="mine")
