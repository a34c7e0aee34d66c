"""Bridges the emulator's EventBridge: events between accounts and regions.

Gaps: a rule whose target is a bus of another region or account is dropped; PutEvents to a bus of another account is
refused; PutPermission ignores a whole policy.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from localcloud.aws import emulator
from localcloud.aws.emulator import eventbridge

logger = logging.getLogger("localcloud.eventbridge")

_ACTION = "events:PutEvents"


def install() -> None:
    """Replace the emulator's delivery to event buses."""
    within_scope, put_events = eventbridge._dispatch_to_event_bus, eventbridge._put_events
    put_permission = eventbridge._put_permission

    def dispatch(spec: Any, event: Any, rule: Any, path: Any, target_input: str | None = None) -> None:
        if (spec.account_id, spec.region) == emulator.current_scope():
            within_scope(spec, event, rule, path, target_input)
        else:
            _forward(spec, event, rule, target_input)

    def put(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        return _put_events(put_events, data, allow_aws_source)

    def permit(data: dict[str, Any]) -> Any:
        if not data.get("Policy"):
            return put_permission(data)
        eventbridge._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
        return eventbridge.json_response({})

    eventbridge._dispatch_to_event_bus = dispatch
    eventbridge._put_permission = permit
    eventbridge._put_events = put


def _forward(spec: Any, event: dict[str, Any], rule: dict[str, Any], target_input: str | None) -> None:
    """Forward an event to a bus in another account or region as the target's role, if both sides allow it."""
    bus_arn = str(spec)
    reason = "it was already forwarded once" if event.get("_Forwarded") else _refusal(spec, rule, event)
    if reason:
        logger.warning("rule %s does not reach %s: %s", rule.get("Name"), bus_arn, reason)
        return
    forwarded = {**event, "_Forwarded": True, "EventBusName": _bus_name(spec)}
    if target_input is not None:
        forwarded["Detail"] = target_input
    _deliver(spec.account_id, spec.region, forwarded)


def _refusal(spec: Any, rule: dict[str, Any], event: dict[str, Any]) -> str | None:
    """Why the target's role may not send this event to that bus; None when it may."""
    account, region = emulator.current_scope()
    keys = condition_keys(event)
    role_arn = _target_role(str(spec), rule)
    role = emulator.find_role(role_arn) if role_arn else None
    if role is None or role.account != account:
        return f"the target's role {role_arn or '(none)'} does not exist"
    if not role.trusts("events.amazonaws.com", str(rule.get("Arn"))):
        return f"{role_arn} does not trust events.amazonaws.com for {rule.get('Arn')}"
    if not role.may(_ACTION, str(spec), region, keys):
        return f"{role_arn} may not {_ACTION} there"
    if spec.account_id != account and not _bus_allows(spec, role.session_arn("EventBridge"), keys):
        return f"the bus's policy does not let {role_arn} {_ACTION}"
    return _missing_bus(spec)


def condition_keys(entry: dict[str, Any]) -> dict[str, str]:
    """The condition keys of events:PutEvents for one entry."""
    return {"events:source": str(entry.get("Source", "")), "events:detail-type": str(entry.get("DetailType", ""))}


def _target_role(bus_arn: str, rule: dict[str, Any]) -> str:
    key = eventbridge._rule_key(rule.get("Name"), rule.get("EventBusName", "default"))
    targets = eventbridge._targets.get(key, [])
    return next((str(target.get("RoleArn") or "") for target in targets if target.get("Arn") == bus_arn), "")


def _put_events(original: Any, data: dict[str, Any], allow_aws_source: bool) -> Any:
    """PutEvents where an entry may name a bus of another account in the same region by its ARN."""
    results: list[dict[str, Any]] = []
    for entry in data.get("Entries", []):
        spec = _foreign_bus(entry.get("EventBusName"))
        if spec is None:
            reply = original({"Entries": [entry]}, allow_aws_source=allow_aws_source)
            if reply[0] >= 400:
                return reply
            results += json.loads(reply[2])["Entries"]
        else:
            results.append(_put_on_foreign_bus(spec, entry))
    if not 1 <= len(results) <= 10:
        return original(data, allow_aws_source=allow_aws_source)
    failed = sum("ErrorCode" in result for result in results)
    return eventbridge.json_response({"FailedEntryCount": failed, "Entries": results})


def _foreign_bus(bus: object) -> Any:
    if not isinstance(bus, str) or not bus.startswith("arn:"):
        return None
    try:
        spec = emulator.parse_arn(bus)
    except emulator.ArnParseError:
        return None
    account, region = emulator.current_scope()
    return spec if spec.service == "events" and spec.account_id != account and spec.region == region else None


def _put_on_foreign_bus(spec: Any, entry: dict[str, Any]) -> dict[str, Any]:
    account, _ = emulator.current_scope()
    if str(entry.get("Source", "")).startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    if missing := _missing_bus(spec):
        return {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": missing}
    if not _bus_allows(spec, emulator.caller_arn(), condition_keys(entry)):
        message = f"User: {emulator.caller_arn()} is not authorized to perform: {_ACTION} on resource: {spec}"
        return {"ErrorCode": "AccessDeniedException", "ErrorMessage": f"{message} (no resource-based policy allows it)"}
    event = {
        "EventId": eventbridge.new_uuid(),
        "Source": entry.get("Source", ""),
        "DetailType": entry.get("DetailType", ""),
        "Detail": entry.get("Detail", "{}"),
        "EventBusName": _bus_name(spec),
        "Time": int(eventbridge._now_ts()),
        "Resources": entry.get("Resources", []),
        "Account": account,
        "Region": spec.region,
        "_Forwarded": True,
    }
    _deliver(spec.account_id, spec.region, event)
    return {"EventId": event["EventId"]}


def _deliver(account: str, region: str, event: dict[str, Any]) -> None:
    with emulator.scope(account, region):
        eventbridge._events_log_list().append(event)
        eventbridge._dispatch_event(event)
        eventbridge._archive_event({name: value for name, value in event.items() if not name.startswith("_")})


def _bus_allows(spec: Any, principal_arn: str, keys: dict[str, str]) -> bool:
    with emulator.scope(spec.account_id, spec.region):
        policy = eventbridge._event_bus_policies.get(_bus_name(spec))
    return emulator.policy_allows(policy, principal_arn, _ACTION, str(spec), keys)


def _missing_bus(spec: Any) -> str | None:
    with emulator.scope(spec.account_id, spec.region):
        exists = _bus_name(spec) == "default" or _bus_name(spec) in eventbridge._event_buses
    return None if exists else f"Event bus {spec} does not exist."


def _bus_name(spec: Any) -> str:
    return str(spec.resource).partition("/")[2]
