"""Bridges the emulator's CloudFormation: resource types it lacks and properties it drops.

Gaps: no routes are created from an HTTP API's OpenAPI body; AWS::Events::EventBusPolicy, AWS::Events::Archive,
AWS::SSM::Document, the types of CodeDeploy and connections to GitHub are unknown; an AWS::CodeBuild::Project keeps
only some of its properties; the policies of an EventBus and of a table are dropped, and so is the Object Lock of a
bucket; a table that was imported is replaced by its next update.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from localcloud.aws import emulator
from localcloud.aws.emulator import apigateway, codebuild, dynamodb, eventbridge, provisioners, s3

type Properties = dict[str, Any]
type Created = tuple[str, dict[str, Any]]

_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}
_PROJECT_PROPERTIES = {
    "LogsConfig": "logsConfig",
    "VpcConfig": "vpcConfig",
    "Cache": "cache",
    "QueuedTimeoutInMinutes": "queuedTimeoutInMinutes",
    "ConcurrentBuildLimit": "concurrentBuildLimit",
    "AutoRetryLimit": "autoRetryLimit",
    "Visibility": "projectVisibility",
    "SecondarySources": "secondarySources",
}


def install() -> None:
    """Register the missing types and wrap the incomplete ones."""
    handlers = provisioners._RESOURCE_HANDLERS
    _extend(handlers, "AWS::ApiGatewayV2::Api", _add_routes)
    _extend(handlers, "AWS::CodeBuild::Project", _keep_project_properties)
    _extend(handlers, "AWS::Events::EventBus", _keep_bus_policy)
    _extend(handlers, "AWS::S3::Bucket", _keep_object_lock)
    _keep_table_names(handlers["AWS::DynamoDB::Table"])
    _extend(handlers, "AWS::DynamoDB::Table", _keep_table_policy)
    handlers["AWS::Events::EventBusPolicy"] = {"create": _create_bus_policy, "delete": _delete_bus_policy}
    handlers["AWS::Events::Archive"] = {
        "create": _create_archive,
        "update": _update_archive,
        "delete": _delete_archive,
    }
    handlers["AWS::SSM::Document"] = {
        "create": lambda logical_id, props, stack_name: (str(props.get("Name") or logical_id), {}),
        "update": lambda physical_id, old, new, *rest, **named: (physical_id, {}),
        "delete": lambda physical_id, props: None,
    }
    # Only their names: without CodeDeploy, an alias has its new version at once, whatever its UpdatePolicy says.
    for kind in ("Application", "DeploymentGroup"):
        handlers[f"AWS::CodeDeploy::{kind}"] = {
            "create": _create_deployment_part,
            "update": lambda physical_id, old, new, *rest, **named: (physical_id, {}),
            "delete": lambda physical_id, props: None,
        }
    for service, scheme in (("CodeConnections", "codeconnections"), ("CodeStarConnections", "codestar-connections")):
        handlers[f"AWS::{service}::Connection"] = {
            "create": _connection(scheme),
            "update": _update_connection,
            "delete": lambda physical_id, props: None,
        }
    codebuild._project_shape = dict


def _extend(handlers: dict[str, Any], kind: str, finish: Callable[[str, Properties], None]) -> None:
    """Run `finish(physical id, properties)` after the emulator created or updated a resource of this type."""
    entry = handlers[kind]
    create, update = entry["create"], entry.get("update")

    def created(logical_id: str, props: Properties, stack_name: str) -> Created:
        physical_id, attributes = create(logical_id, props, stack_name)
        finish(physical_id, props)
        return physical_id, attributes

    def updated(physical_id: str, old: Properties, new: Properties, *rest: Any, **named: Any) -> Created:
        updated_id, attributes = update(physical_id, old, new, *rest, **named)
        finish(updated_id, new)
        return updated_id, attributes

    handlers[kind] = {**entry, "create": created, **({"update": updated} if update else {})}


# --- AWS::ApiGatewayV2::Api


def _add_routes(api_id: str, props: Properties) -> None:
    body = props.get("Body")
    if not isinstance(body, dict):
        return
    apigateway._routes[api_id], apigateway._integrations[api_id] = {}, {}
    for path, operations in (body.get("paths") or {}).items():
        for method, operation in operations.items():
            if method in _METHODS:
                _add_route(api_id, method, path, operation or {})


def _add_route(api_id: str, method: str, path: str, operation: Properties) -> None:
    definition = operation.get("x-amazon-apigateway-integration") or {}
    reply = apigateway._create_integration(
        api_id,
        {
            "integrationType": str(definition.get("type", "AWS_PROXY")).upper(),
            "integrationUri": definition.get("uri", ""),
            "integrationMethod": definition.get("httpMethod", "POST"),
            "payloadFormatVersion": definition.get("payloadFormatVersion", "2.0"),
            "timeoutInMillis": definition.get("timeoutInMillis", 30000),
        },
    )
    integration = json.loads(reply[2])["integrationId"]
    verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
    key = "$default" if path == "/$default" else f"{verb} {path}"
    authorizers = {name for requirement in operation.get("security") or [] for name in requirement}
    route = {"routeKey": key, "target": f"integrations/{integration}"}
    apigateway._create_route(api_id, route | ({"authorizationType": "AWS_IAM"} if "AWS_IAM" in authorizers else {}))


# --- AWS::CodeBuild::Project


def _keep_project_properties(name: str, props: Properties) -> None:
    project = codebuild._projects[name]
    for cloudformation, api in _PROJECT_PROPERTIES.items():
        if cloudformation in props:
            project[api] = provisioners._pascal_to_camel(props[cloudformation])


# --- AWS::DynamoDB::Table


def _keep_table_names(entry: dict[str, Any]) -> None:
    """Update a table without a name in place: the emulator would replace one that was imported."""
    update = entry["update"]

    def updated(physical_id: str, old: Properties, new: Properties, *rest: Any, **named: Any) -> Created:
        if "TableName" in old or "TableName" in new:
            return update(physical_id, old, new, *rest, **named)  # type: ignore[no-any-return]
        own = {"TableName": physical_id}
        return update(physical_id, {**old, **own}, {**new, **own}, *rest, **named)  # type: ignore[no-any-return]

    entry["update"] = updated


def _keep_table_policy(name: str, props: Properties) -> None:
    account, region = emulator.current_scope()
    arn = f"arn:aws:dynamodb:{region}:{account}:table/{name}"
    document = (props.get("ResourcePolicy") or {}).get("PolicyDocument")
    if document:
        dynamodb._put_resource_policy({"ResourceArn": arn, "Policy": json.dumps(document)})
    else:
        dynamodb._delete_resource_policy({"ResourceArn": arn})


# --- AWS::Events


def _keep_bus_policy(name: str, props: Properties) -> None:
    if props.get("Policy"):
        eventbridge._event_bus_policies[name] = props["Policy"]


def _create_bus_policy(logical_id: str, props: Properties, stack_name: str) -> Created:
    bus, sid = props.get("EventBusName", "default"), props["StatementId"]
    account, region = emulator.current_scope()
    statement = props.get("Statement") or {
        "Effect": "Allow",
        "Principal": props.get("Principal") if props.get("Principal") == "*" else {"AWS": props.get("Principal")},
        "Action": props.get("Action", "events:PutEvents"),
        "Resource": f"arn:aws:events:{region}:{account}:event-bus/{bus}",
        **({"Condition": props["Condition"]} if props.get("Condition") else {}),
    }
    policy = eventbridge._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    others = [other for other in policy["Statement"] if other.get("Sid") != sid]
    eventbridge._event_bus_policies[bus] = {**policy, "Statement": [*others, {**statement, "Sid": sid}]}
    return f"{bus}|{sid}", {}


def _delete_bus_policy(physical_id: str, props: Properties) -> None:
    bus, _, sid = physical_id.partition("|")
    eventbridge._remove_permission({"EventBusName": bus, "StatementId": sid})


def _create_archive(logical_id: str, props: Properties, stack_name: str) -> Created:
    name = props.get("ArchiveName") or provisioners._physical_name(stack_name, logical_id, max_len=48)
    reply = eventbridge._create_archive(_archive(name, props))
    return name, {"Arn": _archive_arn(reply)}


def _update_archive(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
    return physical_id, {"Arn": _archive_arn(eventbridge._update_archive(_archive(physical_id, new)))}


def _archive(name: str, props: Properties) -> dict[str, Any]:
    pattern = props.get("EventPattern", "")
    return {
        "ArchiveName": name,
        "EventSourceArn": props["SourceArn"],
        "Description": props.get("Description", ""),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern,
        "RetentionDays": int(props.get("RetentionDays", 0)),
    }


def _archive_arn(reply: emulator.Reply) -> str:
    if reply[0] >= 400:
        raise ValueError(f"AWS::Events::Archive failed: {reply[2].decode()}")
    return str(json.loads(reply[2])["ArchiveArn"])


def _delete_archive(physical_id: str, props: Properties) -> None:
    eventbridge._delete_archive({"ArchiveName": physical_id})


# --- AWS::S3::Bucket


def _keep_object_lock(bucket: str, props: Properties) -> None:
    if props.get("ObjectLockEnabled") in (True, "true"):
        rule = (props.get("ObjectLockConfiguration") or {}).get("Rule", {}).get("DefaultRetention", {})
        days = {"Days": int(rule["Days"])} if rule.get("Days") else {}
        s3._bucket_object_lock[bucket] = {"enabled": True, "default_retention": {**rule, **days} or None}


# --- connections to GitHub


def _connection(scheme: str) -> Callable[[str, Properties, str], Created]:
    def create(logical_id: str, props: Properties, stack_name: str) -> Created:
        account, region = emulator.current_scope()
        arn = f"arn:aws:{scheme}:{region}:{account}:connection/{uuid.uuid4()}"
        return arn, {"ConnectionArn": arn, "ConnectionStatus": "PENDING"}

    return create


def _update_connection(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
    return physical_id, {"ConnectionArn": physical_id, "ConnectionStatus": "PENDING"}


# --- AWS::CodeDeploy


def _create_deployment_part(logical_id: str, props: Properties, stack_name: str) -> Created:
    return provisioners._physical_name(stack_name, logical_id, max_len=100), {}
