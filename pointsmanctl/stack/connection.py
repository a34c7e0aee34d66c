"""The connection of a command: to the local cloud of this checkout, or to a stack on AWS."""

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pointsmanctl.errors import CloudUnavailable
from pointsmanctl.stack.local_record import LocalRecord
from pointsmanctl.stack.settings import STACK, StackSettings, region_of_environment

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client


class Where(StrEnum):
    """Where Pointsman runs."""

    AUTO = "auto"
    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Connection:
    """A deployed control stack, as the operator's command sees it. `endpoint` is None on AWS."""

    session: "boto3.Session"
    endpoint: str | None
    outputs: dict[str, str]

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB of the control stack."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=_limits())

    @property
    def s3(self) -> "S3Client":
        """S3 in the control stack's region."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=_limits(connections=20))

    @property
    def kms(self) -> "KMSClient":
        """KMS in the control stack's region."""
        return self.session.client("kms", endpoint_url=self.endpoint, config=_limits())

    @property
    def caller(self) -> str:
        """ARN of the caller's identity. Raises Unavailable or Misconfigured."""
        from pointsman.adapters.aws_errors import translate_aws_errors

        with translate_aws_errors("reading the caller's identity from STS"):
            client = self.session.client("sts", endpoint_url=self.endpoint, config=_limits())
            return client.get_caller_identity()["Arn"]

    @property
    def audit_table(self) -> str:
        """Name of the audit table."""
        return self.outputs["AuditTableName"]

    @property
    def index_table(self) -> str:
        """Name of the table by which events are found. Raises CloudUnavailable if the stack has none yet."""
        if name := self.outputs.get("IndexTableName"):
            return name
        raise CloudUnavailable("the control stack is of an earlier version: run `pointsman deploy`")

    @property
    def commands_url(self) -> str:
        """URL for commands. Raises CloudUnavailable if the stack has none yet."""
        if self.endpoint:  # the local cloud has one address for all APIs
            return f"{self.endpoint}/_aws/execute-api/{self.outputs['ApiId']}/$default/commands"
        if url := self.outputs.get("CommandsUrl"):
            return url
        raise CloudUnavailable("the control stack is of an earlier version: run `pointsman deploy`")

    @property
    def rollouts_table(self) -> str:
        """Name of the rollouts table."""
        return self.outputs["RolloutsTableName"]


def connect(where: Where, settings: StackSettings, local: LocalRecord | None) -> Connection:
    """Connect to a control stack; `auto` is the local cloud while it runs, else AWS. Raises CloudUnavailable."""
    if where is Where.LOCAL and local is None:
        raise CloudUnavailable("the local cloud is not running: start it with `pointsman local up`")
    if where is Where.AWS:
        return _on_aws(settings)
    if local:
        return _on_local_cloud(local)
    try:
        return _on_aws(settings)
    except CloudUnavailable as error:
        reason = str(error)
        raise CloudUnavailable(
            f"no local cloud is running here (`pointsman local up` starts one). {reason[:1].upper()}{reason[1:]}"
        ) from error


def _on_local_cloud(local: LocalRecord) -> Connection:
    """Connect to the only control stack of the local cloud. No profile of the user is read."""
    import boto3
    import botocore.session

    ignored: dict[str, Any] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = boto3.Session(
        aws_access_key_id=local.control_account,
        aws_secret_access_key=local.secret_access_key,
        region_name=local.control_region,
        botocore_session=botocore.session.Session(session_vars=ignored),
    )
    return Connection(session, local.endpoint, _outputs(session, local.endpoint, StackSettings(STACK)))


def _on_aws(settings: StackSettings) -> Connection:
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(region_name=settings.region or region_of_environment(), profile_name=settings.profile)
    except BotoCoreError as error:  # such as a profile that does not exist
        raise _unreadable(settings, error) from error
    return Connection(session, None, _outputs(session, None, settings))


def _outputs(session: "boto3.Session", endpoint: str | None, settings: StackSettings) -> dict[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = session.client("cloudformation", endpoint_url=endpoint, config=_limits())
        [description] = client.describe_stacks(StackName=settings.stack)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise _unreadable(settings, error) from error
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def _limits(connections: int = 10) -> "Config":
    """Return time-outs for a user who waits: a region that does not answer fails within a minute."""
    from botocore.config import Config

    return Config(
        connect_timeout=5,
        read_timeout=15,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 3},
    )


def _unreadable(settings: StackSettings, error: Exception) -> CloudUnavailable:
    reason = str(error).rstrip(".")
    return CloudUnavailable(
        f"cannot read stack {settings.stack!r} ({reason}). "
        "Set --stack and --region, or choose the account with AWS_PROFILE"
    )
