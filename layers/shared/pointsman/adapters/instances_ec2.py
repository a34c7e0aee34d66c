"""The Instances port on EC2, through the role that start_build assumes in the worker account."""

from typing import Any

from botocore.exceptions import ClientError

from pointsman.adapters.aws_client import CODEBUILD
from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.adapters.worker_clients import WorkerClients
from pointsman.core.ports import FoundInstance

UNKNOWN = "InvalidInstanceID.NotFound"
MANAGED = "pointsman:managed"


class Ec2Instances:
    """Instances of every worker account, through role `<role>-<region>`."""

    def __init__(self, role: str, external_id: str) -> None:
        self._clients = WorkerClients(role, external_id)

    def find(self, account_id: str, region: str, instance_id: str) -> FoundInstance | None:
        """See Instances.find."""
        with translate_aws_errors(f"describing instance {instance_id} in {account_id}/{region}"):
            try:
                with self._clients.client("ec2", account_id, region, CODEBUILD) as client:
                    answer = client.describe_instances(InstanceIds=[instance_id])
            except ClientError as error:
                if error.response["Error"]["Code"] == UNKNOWN:
                    return None
                self._clients.forget(account_id, region)  # the credentials may have expired
                raise
        found = [each for group in answer["Reservations"] for each in group["Instances"]]
        return _found(found[0]) if found else None


def _found(instance: Any) -> FoundInstance:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return FoundInstance(
        id=instance["InstanceId"],
        state=instance["State"]["Name"],
        is_managed=tags.get(MANAGED) == "true",
        launched_at=instance["LaunchTime"],
        name=tags.get("Name", ""),
    )
