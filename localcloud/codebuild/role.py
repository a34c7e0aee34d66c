"""A build's service role: a session of the emulator's STS, so that IAM applies to everything a build does."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from localcloud.aws import emulator
from localcloud.aws.emulator import RoleCredentials

_RENEW_BEFORE = timedelta(minutes=5)


class RoleError(Exception):
    """CodeBuild cannot assume the service role, or the role lacks a permission that CodeBuild needs."""


class BuildRole:
    """The role of one build; its credentials are renewed before they expire."""

    def __init__(self, role_arn: str, project_arn: str, region: str, build_uuid: str) -> None:
        self._arn, self._project, self._region = role_arn, project_arn, region
        self._session = f"AWSCodeBuild-{build_uuid}"
        self._lock = threading.Lock()
        self._credentials: RoleCredentials | None = None

    def credentials(self) -> RoleCredentials:
        """Credentials for at least five minutes; RoleError when the role does not trust CodeBuild for this project."""
        with self._lock:
            credentials = self._credentials
            if credentials is None or credentials.expires - datetime.now(UTC) < _RENEW_BEFORE:
                self._credentials = credentials = self._assume()
            return credentials

    def container_document(self) -> dict[str, str]:
        """The credentials in the format of the container credentials endpoint."""
        credentials = self.credentials()
        return {
            "AccessKeyId": credentials.access_key,
            "SecretAccessKey": credentials.secret_key,
            "Token": credentials.token,
            "Expiration": credentials.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def require(self, action: str, resource: str, purpose: str) -> None:
        """RoleError unless the role allows the action, which CodeBuild performs with it."""
        role = emulator.find_role(self._arn)
        if role is None or not role.may(action, resource, self._region):
            raise RoleError(
                f"ACCESS_DENIED: Service role {self._arn} does not allow AWS CodeBuild to {purpose}: "
                f"it is not authorized to perform: {action} on resource: {resource}"
            )

    def look_up(self, endpoint: str, kind: str, reference: str) -> str:
        """The value of a PARAMETER_STORE name or of a SECRETS_MANAGER `id[:json-key[:stage[:version]]]`."""
        if kind == "PARAMETER_STORE":
            client = self.client("ssm", endpoint)
            return str(client.get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"])
        if kind != "SECRETS_MANAGER":
            raise RoleError(f"environment variable type {kind} is not supported")
        return _secret(self.client("secretsmanager", endpoint), reference)

    def client(self, service: str, endpoint: str) -> Any:
        """A client with the role's credentials."""
        credentials = self.credentials()
        session: Any = boto3.session.Session(
            credentials.access_key, credentials.secret_key, credentials.token, region_name=self._region
        )
        return session.client(service, endpoint_url=endpoint)

    def _assume(self) -> RoleCredentials:
        role = emulator.find_role(self._arn)
        if role is None or not role.trusts("codebuild.amazonaws.com", self._project):
            raise RoleError(f"CodeBuild is not authorized to perform: sts:AssumeRole on {self._arn}")
        return role.assume(self._session)


def _secret(client: Any, reference: str) -> str:
    parts = reference.split(":")
    # A full ARN has six colons itself.
    size = 7 if reference.startswith("arn:") else 1
    identifier, rest = ":".join(parts[:size]), [*parts[size:], "", "", ""]
    versions = {"VersionStage": rest[1], "VersionId": rest[2]}
    answer = client.get_secret_value(SecretId=identifier, **{name: value for name, value in versions.items() if value})
    text = str(answer["SecretString"])
    return str(json.loads(text)[rest[0]]) if rest[0] else text
