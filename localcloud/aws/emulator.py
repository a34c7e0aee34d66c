"""The emulator's internals, with types. Only this module imports `ministack`.

The bridges need parts of the emulator that have no public API. All of them are imported here, so that a new release
has to be checked in one place. Importing this module starts nothing, but the emulator then reads its settings from the
environment (IAM enforcement, host, port): `server` sets that first.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from ministack import app as gateway  # type: ignore[import-untyped]
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses, router  # type: ignore[import-untyped]
from ministack.core.arn import ArnParseError, parse_arn  # type: ignore[import-untyped]
from ministack.services import (  # type: ignore[import-untyped]
    apigateway,
    cloudwatch,
    cloudwatch_logs,
    codebuild,
    dynamodb,
    ec2,
    eventbridge,
    iam,
    lambda_svc,
    s3,
    sts,
)
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    changesets,
    engine,
    handlers,
    provisioners,
    stacks,
)

from localcloud.web import App

__all__ = [
    "ArnParseError",
    "IamRole",
    "Reply",
    "RoleCredentials",
    "apigateway",
    "asgi_app",
    "caller_arn",
    "cloudformation_modules",
    "cloudwatch",
    "codebuild",
    "current_scope",
    "denied",
    "dynamodb",
    "ec2",
    "eventbridge",
    "find_role",
    "iam_actions",
    "iam_evaluator",
    "item_bytes",
    "lambda_runtime",
    "lambda_svc",
    "log_stream",
    "parse_arn",
    "policy_allows",
    "provisioners",
    "publish",
    "role_record",
    "s3",
    "scope",
    "serve",
]


# Each has its own name for what it imports of the others.
cloudformation_modules = (changesets, engine, handlers, provisioners, stacks)

type Reply = tuple[int, dict[str, str], bytes]
type ServiceHandler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Reply]]


def asgi_app() -> App:
    """The emulator as an ASGI application."""
    return cast("App", gateway.app)


def serve(service: str, handler: ServiceHandler) -> None:
    """Handle a service's calls outside the emulator, which still authenticates and authorises them first."""
    gateway.SERVICE_HANDLERS[service] = handler


@contextmanager
def scope(account: str, region: str) -> Iterator[None]:
    """Use the emulator's data as this account and region."""
    with responses.request_scope(account, region):
        yield


def current_scope() -> tuple[str, str]:
    """(account, region) of the call being served."""
    return responses.get_account_id(), responses.get_region()


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item, as DynamoDB counts it."""
    return int(dynamodb._item_size_bytes(item))


# --- authorisation


@dataclass(frozen=True)
class RoleCredentials:
    """Temporary credentials of a role."""

    access_key: str
    secret_key: str
    token: str
    expires: datetime


@dataclass(frozen=True)
class IamRole:
    """An IAM role that a service assumes."""

    arn: str
    account: str
    name: str
    trust: Mapping[str, Any]

    def trusts(self, service: str, source_arn: str) -> bool:
        """Whether the trust policy allows a service (`codebuild.amazonaws.com`) to assume it for a resource."""
        source = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_arn.split(":")[4]}
        context = _context(f"arn:aws:iam::{self.account}:root", self.account, "sts:AssumeRole", self.arn, "", source)
        own = [each for each in _statements(self.trust) if service in _listed(each.get("Principal"), "Service")]
        statements = iam_evaluator.parse_policy_document({"Statement": [{**each, "Resource": "*"} for each in own]})
        return bool(iam_evaluator.evaluate(context, [statements]).decision == "Allow")

    def may(self, action: str, resource: str, region: str, keys: Mapping[str, str] | None = None) -> bool:
        """Whether the role's own policies allow the action on the resource; `keys`: the action's condition keys."""
        context = _context(self.session_arn("localcloud"), self.account, action, resource, region, keys)
        policies = iam_evaluator._gather_role_policies(self.name, self.account)
        return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")

    def session_arn(self, session: str) -> str:
        """The ARN of a session of the role."""
        return f"arn:aws:sts::{self.account}:assumed-role/{self.name}/{session}"

    def assume(self, session: str) -> RoleCredentials:
        """Credentials of a new session, registered with the emulator's STS."""
        key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
        expires = datetime.now(UTC) + timedelta(hours=1)
        sts.register_session(
            key,
            {
                "Arn": self.session_arn(session),
                "UserId": f"{sts._role_id(self.arn)}:{session}",
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": expires.timestamp(),
            },
        )
        return RoleCredentials(key, secret, token, expires)


def find_role(arn: str) -> IamRole | None:
    """The role with this ARN, in any account; None when there is none."""
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return None
    name = spec.resource.rsplit("/", 1)[-1]
    record = role_record(spec.account_id, name)
    if record is None or not spec.resource.startswith("role/"):
        return None
    document = record.get("AssumeRolePolicyDocument", "{}")
    trust = json.loads(document) if isinstance(document, str) else document
    return IamRole(arn=arn, account=spec.account_id, name=name, trust=trust)


def role_record(account: str, name: str) -> dict[str, Any] | None:
    """The emulator's record of a role."""
    return cast("dict[str, Any] | None", iam._roles.get_scoped(account, None, name))


def policy_allows(
    policy: Mapping[str, Any] | None,
    principal_arn: str,
    action: str,
    resource: str,
    keys: Mapping[str, str] | None = None,
) -> bool:
    """Whether a resource's policy allows a principal of another account to act on it."""
    if not policy:
        return False
    context = _context(principal_arn, principal_arn.split(":")[4], action, resource, resource.split(":")[3], keys)
    return bool(iam_evaluator.evaluate_resource_policy(dict(policy), context).decision == "Allow")


def caller_arn() -> str:
    """The principal of the call being served."""
    return cast("str", iam_evaluator.caller_arn())


def denied(headers: dict[str, str], service: str, action: str, resource: str) -> Reply | None:
    """The AccessDenied response; None when the caller is allowed to do this."""
    region = responses.get_region()
    key = router.extract_access_key_id(headers, {})
    result = iam_evaluator.enforce(key, action, service, region, resource_arn=resource)
    if result is None:
        return None
    principal = getattr(result, "principal_arn", "")
    return cast(
        "Reply",
        iam_actions.access_denied_response(
            service, action, principal, responses.new_uuid(), headers=headers, resource_arn=resource
        ),
    )


def _context(
    principal_arn: str, account: str, action: str, resource: str, region: str, keys: Mapping[str, str] | None = None
) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole" if ":assumed-role/" in principal_arn else "Root",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=region,
        service_context={name.lower(): value for name, value in (keys or {}).items()},
    )


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    statements = document.get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)


def _listed(principal: object, kind: str) -> list[str]:
    value = principal.get(kind, []) if isinstance(principal, dict) else []
    return [value] if isinstance(value, str) else list(value)


# --- events and logs


def publish(account: str, region: str, source: str, detail_type: str, detail: object, resources: list[str]) -> None:
    """Put an event of an AWS service on the default bus of an account and region (PutEvents refuses `aws.*`)."""
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    with scope(account, region):
        eventbridge._ensure_default_bus()
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


class LogStream:
    """A CloudWatch Logs stream to append lines to."""

    def __init__(self, account: str, region: str, group: str, stream: str) -> None:
        self._account, self._region, self._group, self._stream = account, region, group, stream

    def append(self, timestamp_ms: int, message: str) -> None:
        """Add a line; the time in milliseconds since the epoch."""
        events = [{"timestamp": timestamp_ms, "message": message}]
        with scope(self._account, self._region):
            _checked(
                cloudwatch_logs._put_log_events(
                    {"logGroupName": self._group, "logStreamName": self._stream, "logEvents": events}
                )
            )


def log_stream(account: str, region: str, group: str, stream: str) -> LogStream:
    """Create the log stream, and its group when it is missing."""
    with scope(account, region):
        if group not in cloudwatch_logs._log_groups:
            _checked(cloudwatch_logs._create_log_group({"logGroupName": group}))
        _checked(cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream}))
    return LogStream(account, region, group, stream)


def log_lines(account: str, region: str, group: str, stream: str) -> list[tuple[int, str]] | None:
    """(milliseconds, message) of every line; None when there is no such stream."""
    with scope(account, region):
        record = (cloudwatch_logs._log_groups.get(group) or {}).get("streams", {}).get(stream)
        if record is None:
            return None
        return [(event["timestamp"], event["message"]) for event in list(record["events"])]


def _checked(reply: Reply) -> Reply:
    if reply[0] >= 400:
        raise RuntimeError(f"the emulator returned an error: {reply[2].decode('utf-8', 'replace')}")
    return reply
