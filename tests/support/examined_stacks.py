"""A control stack with the real way of events, the real worker stack, and what doctor says of both."""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import ZipFile

from localcloud.cloud import LocalCloud
from localcloud.layout import CHECKOUT
from pointsmanctl.deployment.deployment import Deployment
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.template import read_template
from pointsmanctl.doctor.examine import Examination
from pointsmanctl.doctor.model import CheckResult
from tests.support.deployment import deployer, installation

TARGET = "dev/eu-central-1"
STACKS: dict[str, Any] = {"stack": "examined", "workers": {"stack": "examined-worker"}}
WAY_OF_EVENTS = ("Bus", "BuildStatesPolicy", "TestEvents", "TestEventsPolicy", "TestEventsRule")


def control_template(path: Path) -> Path:
    names = ("ExternalId", "SlackChannel", "SlackApiUrl", "GithubApiSecretName", "GithubApiUrl")
    real = read_template(CHECKOUT / "template.yaml")
    token = {"Name": "examined/slack-token", "SecretString": "put the bot token here"}
    template = {
        "Parameters": {
            "WorkerAccountIds": {"Type": "CommaDelimitedList"},
            **{name: {"Type": "String", "Default": ""} for name in names},
        },
        "Resources": {
            **{name: real["Resources"][name] for name in WAY_OF_EVENTS},
            "Token": {"Type": "AWS::SecretsManager::Secret", "Properties": token},
        },
        "Outputs": {name: real["Outputs"][name] for name in ("BusArn", "TestEventsQueueUrl")},
    }
    path.write_text(json.dumps(template))
    return path


def worker_template(cloud: LocalCloud, path: Path) -> Path:
    """The real worker template, with a layer that is in S3 already."""
    s3, bucket = cloud.client("s3", "dev", "eu-central-1"), "layers-of-tests"
    if bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("bin/run", "")
    s3.put_object(Bucket=bucket, Key="runner.zip", Body=content.getvalue())
    template = read_template(CHECKOUT / "regional" / "template.yaml")
    template["Resources"]["RunnerLayer"]["Properties"]["Content"] = {"S3Bucket": bucket, "S3Key": "runner.zip"}
    path.write_text(json.dumps(template))
    return path


def deploy(
    cloud: LocalCloud, directory: Path, options: Mapping[str, Any] = MappingProxyType({}), **parameters: str
) -> Installation:
    """Deploy with these options of the route and parameters of the worker."""
    settings: dict[str, Any] = {**STACKS, "targets": {TARGET: {"parameters": parameters}}}
    control = control_template(directory / "control.json")
    worker = worker_template(cloud, directory / "worker.json")
    installed = installation(control, worker, regions=["eu-central-1"], options=options, **settings)
    deployment = Deployment(installed, deployer(cloud, directory / "work"), "111111111111")
    outcomes = deployment.deploy(deployment.plan(["control", TARGET]))
    assert not [each.reason for each in outcomes if each.reason]
    return installed


def examine(
    cloud: LocalCloud, directory: Path, options: Mapping[str, Any] = MappingProxyType({}), **parameters: str
) -> dict[str, list[CheckResult]]:
    """Deploy, and return the results by link."""
    return results_of(Examination(deploy(cloud, directory, options, **parameters), cloud))


def results_of(examination: Examination) -> dict[str, list[CheckResult]]:
    """Return the results of the target by link."""
    results: dict[str, list[CheckResult]] = {}
    for each in examination.results([TARGET]):
        results.setdefault(f"{each.where} {each.link}", []).append(each)
    return results
