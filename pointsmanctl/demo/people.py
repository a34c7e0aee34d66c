"""The people of the demo: IAM users of the control account, with the operator's policy and no other."""

import boto3

from localcloud.cloud import LocalCloud
from pointsmanctl.stack.connection import Connection


def connection_of(cloud: LocalCloud, name: str) -> Connection:
    """Make an IAM user; return how a command of this person reaches the control stack."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=cloud.record.outputs["OperatorPolicyArn"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name=cloud.record.control_region,
    )
    return Connection(session, cloud.endpoint, cloud.record.outputs)
