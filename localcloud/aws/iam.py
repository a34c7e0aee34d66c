"""Bridges the emulator's IAM: condition keys that it does not set, and policies that it does not evaluate.

Gaps: aws:PrincipalArn of a session is not its role; there is no TLS, which policies of buckets ask for; events:source,
events:detail-type, dynamodb:LeadingKeys and those of StartBuild's overrides are never set; the ARNs of log groups, of
rules on the default bus, of buses, of projects and of dashboards are not those that AWS evaluates, and GetAlias is
taken for ListAliases; a DynamoDB table's own policy is stored but not evaluated, and a Deny does not apply to root.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from localcloud.aws import emulator
from localcloud.aws.emulator import dynamodb, iam_actions, iam_evaluator
from localcloud.aws.eventbridge import condition_keys

_SESSION: Final = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+")
# https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html; the evaluation asks in lower case.
_BUILD_OVERRIDES: Final = {
    "buildspecOverride": "codebuild:source.buildspec",
    "sourceLocationOverride": "codebuild:source.location",
    "sourceTypeOverride": "codebuild:source.type",
    "serviceRoleOverride": "codebuild:servicerole",
    "imageOverride": "codebuild:environment.image",
    "computeTypeOverride": "codebuild:environment.computetype",
    "environmentTypeOverride": "codebuild:environment.type",
    "privilegedModeOverride": "codebuild:environment.privilegedmode",
}
_ALIAS: Final = re.compile(r"/functions/[^/]+/aliases/[^/]+/?$")
_BY_CHECK: Final = "localcloud:LeadingKeysByCheck"
_VARIABLES: Final = "codebuild:environment.environmentvariables"


def install() -> None:
    """Extend the emulator's evaluation; the keys that it sets stay as they are."""
    resolve, tags, enforce = (
        iam_evaluator._resolve_condition_key,
        iam_actions.request_tag_context,
        iam_evaluator.enforce,
    )

    def resolve_key(key: str, context: Any) -> Any:
        ours = {"aws:principalarn": _role_of(context.principal_arn), "aws:securetransport": "true"}
        return ours[key.lower()] if key.lower() in ours else resolve(key, context)

    def request_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        return {**tags(service, action, body, params), **_request_keys(service, action, body)}

    action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def action(service: str, method: str, path: str, *rest: Any) -> Any:
        is_alias = service == "lambda" and method == "GET" and _ALIAS.search(path)
        return "lambda:GetAlias" if is_alias else action_of(service, method, path, *rest)

    def resource(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, *rest: Any
    ) -> Any:
        arn = resource_of(service, method, path, headers, body, query, region, *rest)
        return _named_resource(service, headers, body, str(arn), region) or arn

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource

    def enforce_all(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", *rest: Any, **named: Any
    ) -> Any:
        arn = _log_group(resource_arn) if service == "logs" else resource_arn
        if service == "dynamodb" and named.get("service_context"):
            named["service_context"] = _of_check(named["service_context"], action, arn)
        result = enforce(key, action, service, region, arn, *rest, **named)
        is_root = emulator.caller_arn().endswith(":root")  # whom the emulator allows everything
        return _denied_to_root(action, arn, region) if is_root and result is None and service == "dynamodb" else result

    iam_evaluator._resolve_condition_key = resolve_key
    iam_actions.request_tag_context = request_context
    iam_evaluator.enforce = enforce_all
    dynamodb.table_policy_for_arn = _table_policy
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")


def _named_resource(service: str, headers: Any, body: bytes, arn: str, region: str) -> str:
    """The resource on which AWS authorises a call, where the emulator takes another; else empty."""
    operation, (account, _) = str(headers.get("x-amz-target", "")).rpartition(".")[2], emulator.current_scope()
    if service not in {"events", "codebuild"} and operation not in {"GetDashboard", "PutDashboard"}:
        return ""
    request = json.loads(body or b"{}")
    if service == "monitoring":
        return f"arn:aws:cloudwatch::{account}:dashboard/{request['DashboardName']}"
    if operation == "BatchGetProjects":
        return f"arn:aws:codebuild:{region}:{account}:project/{(request.get('names') or [''])[0]}"
    if operation == "DescribeEventBus":
        return f"arn:aws:events:{region}:{account}:event-bus/{request.get('Name', 'default')}"
    if rule := request.get("Rule"):  # of ListTargetsByRule and others
        arn = f"arn:aws:events:{region}:{account}:rule/{request.get('EventBusName', 'default')}/{rule}"
    return arn.replace(":rule/default/", ":rule/") if service == "events" else ""


def _log_group(arn: str) -> str:
    """A log group's ARN as CloudWatch Logs evaluates it: `...:log-group:NAME:*`."""
    return f"{arn}:*" if ":log-group:" in arn and arn.count(":") == 6 else arn


def _role_of(principal: str) -> str:
    """The role ARN of a session; any other principal is unchanged."""
    session = _SESSION.fullmatch(principal)
    if not session:
        return principal
    role = emulator.role_record(session[1], session[2])
    return str(role["Arn"]) if role else f"arn:aws:iam::{session[1]}:role/{session[2]}"


def _request_keys(service: str, action: str, body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    if not isinstance(request, dict):
        return {}
    if action == "events:PutEvents":
        return _entries_keys(request.get("Entries"))
    if action == "dynamodb:TransactWriteItems":
        return {_BY_CHECK: _leading_keys_by_check(request)}
    if service == "dynamodb":
        return _leading_keys(request)
    if action == "codebuild:StartBuild":
        return _build_keys(request)
    return {}


def _build_keys(request: dict[str, Any]) -> dict[str, Any]:
    """What StartBuild overrides: each field's value, each variable's name, and each variable's value by its name."""
    keys: dict[str, Any] = {key: request[name] for name, key in _BUILD_OVERRIDES.items() if name in request}
    overrides = request.get("environmentVariablesOverride")
    variables = [each for each in overrides if isinstance(each, dict)] if isinstance(overrides, list) else []
    if variables:
        keys[f"{_VARIABLES}.name"] = [str(each.get("name")) for each in variables]
    return keys | {f"{_VARIABLES}/{each.get('name')}.value".lower(): str(each.get("value")) for each in variables}


def _entries_keys(entries: object) -> dict[str, Any]:
    """The keys of all entries: one value if all are equal, else a list, which no condition on one value matches."""
    merged: dict[str, set[str]] = {}
    for entry in entries if isinstance(entries, list) else []:
        for key, value in condition_keys(entry).items():
            merged.setdefault(key, set()).add(value)
    return {key: min(values) if len(values) == 1 else sorted(values) for key, values in merged.items()}


def _leading_keys(request: dict[str, Any]) -> dict[str, list[str]]:
    """The partition key values in a request for one table."""
    table = dynamodb._tables.get(str(request.get("TableName", "")).rpartition("table/")[2])
    schema = (table or {}).get("KeySchema") or []
    name = next((each["AttributeName"] for each in schema if each["KeyType"] == "HASH"), None)
    if name is None:
        return {}
    item = request.get("Key") or request.get("Item") or _queried(request, name)
    value = item.get(name) if isinstance(item, dict) else None
    return {"dynamodb:LeadingKeys": [str(next(iter(value.values())))]} if isinstance(value, dict) and value else {}


def _leading_keys_by_check(request: dict[str, Any]) -> dict[str, list[str]]:
    """The partition keys in a transaction, by action and table: the emulator has one context for all of its checks."""
    found: dict[str, list[str]] = {}
    items = request.get("TransactItems")
    for item in items if isinstance(items, list) else []:
        for member, part in item.items() if isinstance(item, dict) else []:
            if isinstance(part, dict) and (keys := _leading_keys(part)):
                check = _check(iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS.get(member, ""), str(part["TableName"]))
                found.setdefault(check, []).extend(keys["dynamodb:LeadingKeys"])
    return found


def _check(action: str, table: str) -> str:
    return f"{action} {table.rpartition('table/')[2]}"


def _of_check(context: dict[str, Any], action: str, arn: str) -> dict[str, Any]:
    """The context of one check of a transaction."""
    others = {key: value for key, value in context.items() if key != _BY_CHECK}
    keys = context.get(_BY_CHECK, {}).get(_check(action, arn))
    return others | ({"dynamodb:LeadingKeys": keys} if keys else {})


def _queried(request: dict[str, Any], name: str) -> dict[str, Any]:
    """`{name: value}` from a query's `name = :value`, with its placeholders resolved."""
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    for left, right in re.findall(r"(#?[\w.-]+)\s*=\s*(:\w+)", str(request.get("KeyConditionExpression", ""))):
        if names.get(left, left) == name and right in values:
            return {name: values[right]}
    return {}


def _table_policy(arn: str) -> tuple[str, str] | None:
    """A table's own policy and its account, for the table or one of its indexes."""
    table = arn.partition("/index/")[0]
    entry = dynamodb._resource_policies.get(table)
    return (entry["Policy"], table.split(":")[4]) if entry else None


def _denied_to_root(action: str, arn: str, region: str) -> Any:
    """A table's Deny for everyone applies to the account's root too."""
    policy = _table_policy(arn)
    if policy is None:
        return None
    account, _ = emulator.current_scope()
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:iam::{account}:root",
        principal_type="Root",
        principal_account=account,
        action=action,
        resource_arn=arn,
        region=region,
    )
    result = iam_evaluator.evaluate_resource_policy(policy[0], context)
    if result.decision != "Deny":
        return None
    result.principal_arn, result.resource_policy_arn = context.principal_arn, arn
    return result
