"""Small stacks and an installation of them, for tests of `pointsmanctl.deployment`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from localcloud.cloud import LocalCloud
from pointsman.core.routes.check import check_routes
from pointsman.core.routes.model import Routes
from pointsmanctl.deployment.artifacts import ArtifactPublisher
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import Stack
from pointsmanctl.deployment.settings import BUCKET, parse_deploy_settings
from pointsmanctl.deployment.sources import Sources
from pointsmanctl.deployment.stack_deployer import StackDeployer
from pointsmanctl.deployment.stack_events import Pace

EXTERNAL_ID = "0123456789abcdef"
ROUTES: dict[str, Any] = {
    "accounts": {"dev": "222222222222", "prod": "333333333333"},
    "regions": ["eu-west-1", "us-east-1"],
    "routes": [
        {
            "name": "site",
            "repository": "acme/infra",
            "on": {"push": {"branches": ["main"]}},
            "targets": "all",
            "playbook": "site.yml",
        }
    ],
}


class RecordedProgress:
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, str]] = []
        self.ends: dict[str, str] = {}
        self.failed: set[str] = set()

    def update(self, label: str, phase: str, detail: str = "") -> None:
        if (label, phase) not in self.phases[-1:]:
            self.phases.append((label, phase))

    def end(self, label: str, text: str, *, failed: bool = False) -> None:
        self.ends[label] = text
        self.failed |= {label} if failed else set()

    def phases_of(self, label: str) -> list[str]:
        return [phase for each, phase in self.phases if each == label]


BROKEN = {
    "Type": "AWS::IAM::Policy",
    "Properties": {
        "PolicyName": "broken",
        "Roles": ["missing"],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
        },
    },
}
"""A resource whose creation fails."""


def queue_template(path: Path, *, topic: bool = False, broken: bool = False, layer: bool = False) -> Path:
    """A template with a queue whose time-out is a parameter, and more if it is wanted."""
    resources: dict[str, Any] = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}}
    }
    if topic:
        resources["Topic"] = {"Type": "AWS::SNS::Topic"}
    if broken:
        resources["Policy"] = {**BROKEN, "DependsOn": "Queue"}
    if layer:
        (path.parent / "code").mkdir(exist_ok=True)
        (path.parent / "code" / "module.py").write_text("VALUE = 1\n")
        resources["Layer"] = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": "code"}}
    template = {
        "Parameters": {"Seconds": {"Type": "Number", "MinValue": 1}},
        "Resources": resources,
        "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
    }
    path.write_text(json.dumps(template))
    return path


def queue_stack(template: Path, name: str, account: str = "dev", region: str = "eu-west-1", **parameters: str) -> Stack:
    ids = {"control": "111111111111", **ROUTES["accounts"]}
    return Stack(
        label=f"{account}/{region}",
        name=name,
        account=account,
        account_id=ids[account],
        region=region,
        template=template,
        parameters=parameters,
    )


def deployer(cloud: LocalCloud, directory: Path, progress: RecordedProgress | None = None) -> StackDeployer:
    artifacts = ArtifactPublisher(cloud, BUCKET)
    return StackDeployer(cloud, artifacts, progress or RecordedProgress(), Pace(seconds=0.05))


def routes(**changed: Any) -> Routes:
    checked, errors = check_routes({**ROUTES, **changed})
    assert checked, errors
    return checked


def installation(
    control: Path,
    worker: Path,
    *,
    regions: Sequence[str] = ("eu-west-1", "us-east-1"),
    options: Mapping[str, Any] = MappingProxyType({}),
    **settings: Any,
) -> Installation:
    """An installation with one route, which has these options."""
    read = parse_deploy_settings(settings, "pointsman.toml")
    [route] = ROUTES["routes"]
    rules = routes(regions=list(regions), routes=[{**route, **options}])
    return Installation(read, rules, Sources(control, worker), "us-east-1")
