"""Sessions as any role of the local cloud, under IAM enforcement."""

import json
from typing import Any

import boto3

from pointsmanctl.demo.observer import Observer


class Roles:
    """Sessions as any role: its trust policy lets the account's root in for the moment of AssumeRole."""

    def __init__(self, world: Observer) -> None:
        self._world = world

    def of_function(self, name: str) -> "Caller":
        arn = self._world.cloud.client("lambda").get_function_configuration(FunctionName=name)["Role"]
        return self.named("control", arn.rpartition("/")[2], "us-east-1")

    def made(self, account: str, role: str, actions: list[str]) -> "Caller":
        """A session as a role that the stack does not make."""
        iam = self._world.cloud.client("iam", account)
        nobody = {"Version": "2012-10-17", "Statement": []}
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(nobody))
        allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=document)
        return self.named(account, role, "us-east-1")

    def named(self, account: str, role: str, region: str) -> "Caller":
        iam = self._world.cloud.client("iam", account)
        described = iam.get_role(RoleName=role)["Role"]
        account_id = described["Arn"].split(":")[4]
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
        try:
            sts = self._world.cloud.client("sts", account)
            credentials = sts.assume_role(RoleArn=described["Arn"], RoleSessionName="test")["Credentials"]
        finally:
            before = described["AssumeRolePolicyDocument"]
            document = before if isinstance(before, str) else json.dumps(before)
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
        return Caller(self._world.cloud.endpoint, credentials, region)


class Caller:
    """Somebody with a role's credentials."""

    def __init__(self, endpoint: str, credentials: dict[str, str], region: str) -> None:
        self._endpoint = endpoint
        self.session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=region,
        )

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self._endpoint)  # type: ignore[call-overload]
