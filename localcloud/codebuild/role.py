"""A build's service role: a session of the emulator's STS, so that IAM rules over everything a build does."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from localcloud import emulator
from localcloud.emulator import Credentials

_RENEW_BEFORE = timedelta(minutes=5)


class RoleRefused(Exception):
    """The service role cannot be assumed by CodeBuild, or does not allow what CodeBuild itself must do with it."""


class BuildRole:
    """The role of one build, its credentials renewed before they end."""

    def __init__(self, role_arn: str, project_arn: str, region: str, build_uuid: str) -> None:
        self._arn, self._project, self._region = role_arn, project_arn, region
        self._session = f"AWSCodeBuild-{build_uuid}"
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None

    def credentials(self) -> Credentials:
        """Good for five minutes at least; RoleRefused when the role does not trust CodeBuild for this project."""
        with self._lock:
            held = self._credentials
            if held is None or held.expires - datetime.now(UTC) < _RENEW_BEFORE:
                self._credentials = held = self._assume()
            return held

    def container_document(self) -> dict[str, str]:
        """The credentials as a container's endpoint answers them."""
        held = self.credentials()
        return {
            "AccessKeyId": held.access_key,
            "SecretAccessKey": held.secret_key,
            "Token": held.token,
            "Expiration": held.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def require(self, action: str, resource: str, purpose: str) -> None:
        """RoleRefused unless the role allows what CodeBuild does in its name."""
        role = emulator.find_role(self._arn)
        if role is None or not role.may(action, resource, self._region):
            raise RoleRefused(
                f"ACCESS_DENIED: Service role {self._arn} does not allow AWS CodeBuild to {purpose}: "
                f"it is not authorized to perform: {action} on resource: {resource}"
            )

    def look_up(self, endpoint: str, kind: str, reference: str) -> str:
        """The value of a PARAMETER_STORE name or of a SECRETS_MANAGER `id[:json-key[:stage[:version]]]`."""
        held = self.credentials()
        session = boto3.session.Session(held.access_key, held.secret_key, held.token, region_name=self._region)
        if kind == "PARAMETER_STORE":
            client = session.client("ssm", endpoint_url=endpoint)
            return str(client.get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"])
        if kind != "SECRETS_MANAGER":
            raise RoleRefused(f"environment variable type {kind} is unknown")
        return _secret(session.client("secretsmanager", endpoint_url=endpoint), reference)

    def _assume(self) -> Credentials:
        role = emulator.find_role(self._arn)
        if role is None or not role.trusts("codebuild.amazonaws.com", self._project):
            raise RoleRefused(f"CodeBuild is not authorized to perform: sts:AssumeRole on {self._arn}")
        return role.assume(self._session)


def _secret(client: Any, reference: str) -> str:
    parts = reference.split(":")
    # A full ARN holds six colons of its own.
    size = 7 if reference.startswith("arn:") else 1
    identifier, rest = ":".join(parts[:size]), [*parts[size:], "", "", ""]
    versions = {"VersionStage": rest[1], "VersionId": rest[2]}
    answer = client.get_secret_value(SecretId=identifier, **{name: value for name, value in versions.items() if value})
    text = str(answer["SecretString"])
    return str(json.loads(text)[rest[0]]) if rest[0] else text
