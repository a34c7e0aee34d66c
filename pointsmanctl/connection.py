"""Which Pointsman a command talks to: the local cloud of this checkout, or a stack on AWS."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud import LocalCloud, NotRunning
from pointsman.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STACK = "pointsman"


class Where(StrEnum):
    """Where Pointsman runs."""

    AUTO = "auto"
    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Connection:
    """A deployed control stack, as the operator's command sees it. `endpoint` is None on AWS."""

    session: boto3.Session
    endpoint: str | None
    outputs: dict[str, str]

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB of the control stack."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint)

    @property
    def audit_table(self) -> str:
        """Name of the audit table."""
        return self.outputs["AuditTableName"]

    @property
    def rollouts_table(self) -> str:
        """Name of the rollouts table."""
        return self.outputs["RolloutsTableName"]


def connect(where: Where = Where.AUTO, stack: str = STACK, region: str | None = None) -> Connection:
    """The control stack that is meant; `auto` is the local cloud while it is up, else AWS.

    Raises Misconfigured when there is none, saying what to do.
    """
    local = running_local_cloud()
    if where is Where.LOCAL and local is None:
        raise Misconfigured("the local cloud is not running: start it with `make up`")
    if where is Where.AWS:
        return _on_aws(stack, region)
    if local:
        return Connection(local.session(), local.endpoint, _outputs(local.session(), local.endpoint, stack))
    try:
        return _on_aws(stack, region)
    except Misconfigured as error:
        raise Misconfigured(f"no local cloud runs here (`make up`), and {error}") from error


def running_local_cloud() -> LocalCloud | None:
    """The local cloud of this checkout, when it is up."""
    try:
        return LocalCloud.attach()
    except NotRunning:
        return None


def _on_aws(stack: str, region: str | None) -> Connection:
    try:
        session = boto3.Session(region_name=region)
    except BotoCoreError as error:  # such as a profile that is not there
        raise _unread(stack, error) from error
    return Connection(session, None, _outputs(session, None, stack))


def _outputs(session: boto3.Session, endpoint: str | None, stack: str) -> dict[str, str]:
    try:
        client = session.client("cloudformation", endpoint_url=endpoint)
        [description] = client.describe_stacks(StackName=stack)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise _unread(stack, error) from error
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def _unread(stack: str, error: Exception) -> Misconfigured:
    reason = str(error).rstrip(".")
    return Misconfigured(
        f"stack {stack!r} can't be read ({reason}). Name it by --stack and --region, and its account by AWS_PROFILE"
    )
