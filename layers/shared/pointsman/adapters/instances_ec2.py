"""The Instances port on EC2, through the role that start_build assumes in the worker account."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pointsman.adapters.aws_client import CODEBUILD, aws_client
from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.worker_role import assume_worker_role
from pointsman.core.ports import FoundInstance

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_sts import STSClient

UNKNOWN = "InvalidInstanceID.NotFound"
MANAGED = "pointsman:managed"


class Ec2Instances:
    """Instances of every worker account, through role `<role>-<region>`. A launch is rare, so no client is kept."""

    def __init__(self, role: str, external_id: str) -> None:
        self._role = role
        self._external_id = external_id

    def find(self, account_id: str, region: str, instance_id: str) -> FoundInstance | None:
        """See Instances.find."""
        with translate_aws_errors(f"describing instance {instance_id} in {account_id}/{region}"):
            try:
                answer = self._client(account_id, region).describe_instances(InstanceIds=[instance_id])
            except ClientError as error:
                if error.response["Error"]["Code"] == UNKNOWN:
                    return None
                raise
        found = [each for group in answer["Reservations"] for each in group["Instances"]]
        return _found(found[0]) if found else None

    def _client(self, account_id: str, region: str) -> "EC2Client":
        sts: STSClient = aws_client("sts", CODEBUILD)
        credentials = assume_worker_role(sts, self._role, account_id, region, self._external_id)
        client: EC2Client = aws_client(
            "ec2",
            CODEBUILD,
            region_name=region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        return client


def _found(instance: Any) -> FoundInstance:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return FoundInstance(
        id=instance["InstanceId"],
        state=instance["State"]["Name"],
        is_managed=tags.get(MANAGED) == "true",
        launched_at=instance["LaunchTime"],
        name=tags.get("Name", ""),
    )
