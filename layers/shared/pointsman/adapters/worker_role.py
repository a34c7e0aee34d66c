"""The role that start_build assumes in a worker account: `<role>-<region>`."""

from typing import TYPE_CHECKING

from pointsman.core.identity import START_SESSION

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef


def assume_worker_role(
    sts: "STSClient", role: str, account_id: str, region: str, external_id: str
) -> "CredentialsTypeDef":
    """Return temporary credentials of the role of an account and region. Raises botocore's errors."""
    answer = sts.assume_role(
        RoleArn=f"arn:{sts.meta.partition}:iam::{account_id}:role/{role}-{region}",
        RoleSessionName=START_SESSION,
        ExternalId=external_id,
    )
    return answer["Credentials"]
