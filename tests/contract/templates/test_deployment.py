"""A new version of a function goes live behind an alias that everything calls; an alarm rolls it back."""

import copy
import json
from typing import Any

import pytest
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

from tests.contract.templates.cloudformation import CONTROL_ANSWERS, _answers, control, load, statements_of_roles

FUNCTIONS = (
    "WebhookReceiver",
    "StartBuild",
    "CommandReceiver",
    "AuditWriter",
    "AuditIndexer",
    "AuditArchiver",
    "Notify",
)
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def versions(layer: str = "", code: str = "first", **answers: str) -> dict[str, str]:
    """The version of each function that a deployment publishes, with new content of a layer, or new code."""
    template = load("template.yaml")
    local = copy.deepcopy(template)
    for name, resource in local["Resources"].items():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = f"s3://bucket/{name}-{'second' if name == layer else 'first'}"
    local["Globals"]["Function"]["CodeUri"] = f"s3://bucket/{code}"
    resources = transform(local, _answers(template, CONTROL_ANSWERS | answers), None)["Resources"]
    published = [name for name, each in resources.items() if each["Type"] == "AWS::Lambda::Version"]
    return {function: name for function in FUNCTIONS for name in published if name.startswith(f"{function}Version")}


def changed(**change: str) -> set[str]:
    before, after = versions(), versions(**change)
    return {function for function in FUNCTIONS if before[function] != after[function]}


def test_new_code_and_new_layers_are_new_versions_of_the_functions_that_have_them() -> None:
    assert changed(code="second") == set(FUNCTIONS)
    assert changed(layer="SharedLayer") == set(FUNCTIONS)
    assert changed(layer="RoutesLayer") == {"WebhookReceiver", "StartBuild", "CommandReceiver"}  # new rules are live
    assert changed(layer="SlackLayer") == {"Notify"}


def test_another_way_of_deployment_publishes_nothing() -> None:
    assert changed(DeploymentType="AllAtOnce") == set()


@every_function
def test_everything_that_calls_a_function_calls_its_alias(function: str) -> None:
    alias = f"<{function}Aliaslive>"
    own = {name for name in control().resources if name.startswith(function)}
    for name in own:
        kind, properties = control().resources[name]["Type"], control().resources[name].get("Properties", {})
        if kind in {"AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"}:
            assert properties["FunctionName"] == alias, name
        if kind == "AWS::Lambda::EventInvokeConfig":
            assert properties["Qualifier"] == "live", name
        if kind == "AWS::Events::Rule":
            assert [target["Arn"] for target in properties["Targets"]] == [alias], name


def test_the_api_calls_the_alias() -> None:
    body = json.dumps(control().properties("Api")["Body"])
    assert "functions/<WebhookReceiverAliaslive>/invocations" in body
    assert "functions/<CommandReceiverAliaslive>/invocations" in body


def group(function: str, **answers: str) -> dict[str, Any]:
    return control(**answers).properties(f"{function}DeploymentGroup")


@every_function
def test_a_new_version_is_a_canary_that_an_alarm_rolls_back(function: str) -> None:
    described = group(function)
    assert described["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert described["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in described["AutoRollbackConfiguration"]["Events"]
    alarms = {each["Name"] for each in described["AlarmConfiguration"]["Alarms"]}
    assert f"<{function}NewVersionAlarm>" in alarms
    policy = control().resources[f"{function}Aliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert policy["DeploymentGroupName"] == f"<{function}DeploymentGroup>"


@every_function
def test_the_alarm_of_a_new_version_looks_at_that_version_alone(function: str) -> None:
    """The errors of the version before do not stop the one that fixes them."""
    dimensions = {
        each["Name"]: each["Value"] for each in control().properties(f"{function}NewVersionAlarm")["Dimensions"]
    }
    [version] = [name for name in control().of_type("AWS::Lambda::Version") if name.startswith(f"{function}Version")]
    name = control().properties(function)["FunctionName"]
    assert dimensions == {
        "FunctionName": name,
        "Resource": f"{name}:live",
        "ExecutedVersion": f"<{version}.Version>",
    }


@every_function
def test_all_at_once_looks_at_no_alarm_so_that_a_fix_is_not_stopped(function: str) -> None:
    described = group(function, DeploymentType="AllAtOnce")
    assert described["DeploymentConfigName"] == "CodeDeployDefault.LambdaAllAtOnce"
    assert described["AlarmConfiguration"] == {}


def test_who_reads_messages_goes_live_before_who_writes_them() -> None:
    assert control().resources["WebhookReceiver"]["DependsOn"] == "StartBuildAliaslive"


def test_who_calls_an_alias_may_do_so_before_it_is_told_to() -> None:
    """Else an upgrade from a version without an alias would refuse deliveries and events for some seconds."""
    assert control().resources["Api"]["DependsOn"] == "ApiCallsAlias"
    permissions = control().resources["Bus"]["DependsOn"]
    called = {control().properties(each)["FunctionName"] for each in permissions}
    rules = control().of_type("AWS::Events::Rule").values()
    of_the_bus = [rule for rule in rules if rule.get("EventBusName") == "pointsman"]
    targets = {target["Arn"] for rule in of_the_bus for target in rule["Targets"]}
    assert called == targets - {"<AlarmTopic>", "<TestEvents.Arn>"}


def test_codedeploy_moves_the_aliases_of_these_functions_and_nothing_else() -> None:
    own = [each for each in statements_of_roles(control()) if each.where.startswith("DeploymentRole/")]
    moving, alarms = own
    assert moving.actions == ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
    names = {control().properties(function)["FunctionName"] for function in FUNCTIONS}
    assert {each.rpartition("function:")[2] for each in moving.resources} == {f"{name}*" for name in names}
    assert alarms.actions == ["cloudwatch:DescribeAlarms"]
    assert {group(function)["ServiceRoleArn"] for function in FUNCTIONS} == {"<DeploymentRole.Arn>"}
