"""A local cloud with small stacks of its own, for the tests of its parts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import stacks
from localcloud.cloud import TIMEOUT_SECONDS, LocalCloud, wait_until

BUS = "arn:aws:events:us-east-1:111111111111:event-bus/pointsman"
LOCATION = "https://github.com/acme/infra.git"


def _trust(principal: dict[str, Any], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def _role(name: str, trust: dict[str, Any], *allowed: dict[str, Any]) -> dict[str, Any]:
    statements = [{"Effect": "Allow", **each} for each in allowed]
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "all", "PolicyDocument": document}],
        },
    }


def control_stack() -> str:
    """A bus that takes the workers' events into a queue, and nothing else."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["222222222222"]},
        "Action": "events:PutEvents",
        "Resource": BUS,
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/forward-*", "arn:aws:iam::*:role/build-*"]},
            "StringEquals": {"events:source": ["aws.codebuild", "pointsman.ansible"]},
        },
    }
    policy = {"EventBusName": {"Ref": "Bus"}, "StatementId": "workers", "Statement": statement}
    target = {"Id": "seen", "Arn": {"Fn::GetAtt": ["Seen", "Arn"]}}
    return json.dumps(
        {
            "Resources": {
                "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "pointsman"}},
                "Policy": {"Type": "AWS::Events::EventBusPolicy", "Properties": policy},
                "Seen": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "seen"}},
                "Rule": {
                    "Type": "AWS::Events::Rule",
                    "Properties": {
                        "EventBusName": {"Ref": "Bus"},
                        "EventPattern": {"source": ["aws.codebuild", "pointsman.ansible"]},
                        "Targets": [target],
                    },
                },
                "Archive": {
                    "Type": "AWS::Events::Archive",
                    "Properties": {"SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]}, "ArchiveName": "all"},
                },
            }
        }
    )


def worker_stack() -> str:
    """A project with everything around it, as small as it can be."""
    region = "${AWS::Region}"
    logs = {"Fn::Sub": f"arn:aws:logs:{region}:${{AWS::AccountId}}:log-group:/builds:*"}
    project = {
        "Name": "pointsman",
        "ServiceRole": {"Fn::GetAtt": ["Build", "Arn"]},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Source": {"Type": "GITHUB", "Location": LOCATION, "BuildSpec": "buildspec.yml"},
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "Image": "image",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "EnvironmentVariables": [{"Name": "WHO", "Value": "project"}, {"Name": "BUS", "Value": BUS}],
        },
        "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": "/builds"}},
        "TimeoutInMinutes": 5,
        "QueuedTimeoutInMinutes": 480,
    }
    source = {
        "ArnEquals": {"aws:SourceArn": {"Fn::Sub": f"arn:aws:codebuild:{region}:${{AWS::AccountId}}:project/pointsman"}}
    }
    starter = {"StringEquals": {"sts:ExternalId": "a word that both know"}}
    builds = [
        "codebuild:StartBuild",
        "codebuild:BatchGetBuilds",
        "codebuild:StopBuild",
        "codebuild:ListBuildsForProject",
    ]
    pattern = {"source": ["aws.codebuild"], "detail": {"project-name": ["pointsman"]}}
    forward = {"Id": "bus", "Arn": BUS, "RoleArn": {"Fn::GetAtt": ["Forward", "Arn"]}}
    return json.dumps(
        {
            "Resources": {
                "Project": {"Type": "AWS::CodeBuild::Project", "Properties": project},
                "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/builds"}},
                "Build": _role(
                    "build-role",
                    _trust({"Service": "codebuild.amazonaws.com"}, source),
                    {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": logs},
                    {
                        "Action": "events:PutEvents",
                        "Resource": BUS,
                        "Condition": {"StringEquals": {"events:source": "pointsman.ansible"}},
                    },
                ),
                "Start": _role(
                    "start-role-eu-west-1",
                    _trust({"AWS": "arn:aws:iam::111111111111:root"}, starter),
                    {"Action": builds, "Resource": {"Fn::GetAtt": ["Project", "Arn"]}},
                ),
                "Forward": _role(
                    "forward-role",
                    _trust({"Service": "events.amazonaws.com"}),
                    {"Action": "events:PutEvents", "Resource": BUS},
                ),
                "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern, "Targets": [forward]}},
            }
        }
    )


def small_cloud(state: Path) -> LocalCloud:
    """A running cloud with the two small stacks and an empty repository; builds' minutes last a second."""
    cloud = LocalCloud(state)
    cloud.start(minute=1.0)
    stacks.create_stack(cloud.client("cloudformation"), "control", control_stack(), {})
    stacks.create_stack(cloud.client("cloudformation", "dev", "eu-west-1"), "worker", worker_stack(), {})
    cloud.github.repository().create()
    return cloud


class Worker:
    """The worker's project in dev/eu-west-1, used as its own account's root unless a client is given."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.codebuild = cloud.client("codebuild", "dev", "eu-west-1")

    def commit(self, buildspec: str, **files: str) -> str:
        """Commit a buildspec (and files); the SHA."""
        stamp = {"stamp": str(time.time_ns())}
        return self.cloud.github.repository().commit({"buildspec.yml": buildspec, **files, **stamp}, "Build").after

    def start(self, buildspec: str, codebuild: Any = None, **request: Any) -> str:
        """Start a build of a new commit; its id."""
        sha = self.commit(buildspec)
        service = codebuild or self.codebuild
        return str(service.start_build(projectName="pointsman", sourceVersion=sha, **request)["build"]["id"])

    def get(self, build_id: str) -> dict[str, Any]:
        build: dict[str, Any] = self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        return build

    def finish(self, build_id: str, seconds: float = TIMEOUT_SECONDS) -> dict[str, Any]:
        """The build once it has its end."""

        def ended() -> dict[str, Any] | None:
            build = self.get(build_id)
            return build if build["buildComplete"] else None

        ended_build = wait_until(ended, seconds, f"{build_id} did not end")
        assert ended_build is not None
        return ended_build

    def run(self, buildspec: str, **request: Any) -> dict[str, Any]:
        return self.finish(self.start(buildspec, **request))

    def reach(self, build_id: str, phase: str, seconds: float = TIMEOUT_SECONDS) -> None:
        wait_until(lambda: self.get(build_id)["currentPhase"] == phase, seconds, f"{build_id} did not reach {phase}")

    def output(self, build: dict[str, Any]) -> list[str]:
        """What the build's commands wrote, from CloudWatch Logs."""
        return [line for line in self.log(build) if not line.startswith("[Container]")]

    def log(self, build: dict[str, Any]) -> list[str]:
        logs = self.cloud.client("logs", "dev", "eu-west-1")
        where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        return [str(event["message"]) for event in logs.get_log_events(**where, startFromHead=True)["events"]]

    def events(self, wanted: int, resource: str, seconds: float = TIMEOUT_SECONDS) -> list[dict[str, Any]]:
        """The events about a resource that have reached the control bus, once there are so many."""
        sqs, events = self.cloud.client("sqs"), []
        url = sqs.get_queue_url(QueueName="seen")["QueueUrl"]

        def enough() -> bool:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                event = json.loads(message["Body"])
                if resource in event["resources"]:
                    events.append(event)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return len(events) >= wanted

        wait_until(enough, seconds, f"{wanted} events did not arrive")
        return events


def phase_of(build: dict[str, Any], kind: str) -> dict[str, Any]:
    phase: dict[str, Any] = next(each for each in build["phases"] if each["phaseType"] == kind)
    return phase


def build(*commands: str, **more: Any) -> str:
    return json.dumps({"version": 0.2, "phases": {"build": {"commands": list(commands)}}, **more})


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def role(cloud: LocalCloud, name: str, account: str = "dev", **statement: Any) -> str:
    """A role that its account's root may assume, with one statement; its ARN."""
    number = {"dev": "222222222222", "prod": "333333333333", "control": "111111111111"}[account]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": number}, "Action": "sts:AssumeRole"}]}
    iam = cloud.client("iam", account)
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=json.dumps(document))
    return str(arn)


def client_of(cloud: LocalCloud, arn: str, service: str, region: str = "us-east-1") -> Any:
    """A client as a session of a role."""
    sts = cloud.client("sts", arn.split(":")[4])
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    session: Any = boto3.session.Session(*keys, region_name=region)
    return session.client(service, endpoint_url=cloud.endpoint)
