"""`cloud.deployment`: the control stack and ten worker stacks, deployed by the code of `pointsman deploy`."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from localcloud import names, stacks
from localcloud.clients import AwsClients
from localcloud.errors import DeploymentError
from localcloud.layout import Layout
from localcloud.process import ServerProcess
from pointsmanctl.deployment.artifacts import ArtifactPublisher
from pointsmanctl.deployment.model import NoProgress, OutcomeKind, Stack, StackState
from pointsmanctl.deployment.settings import BUCKET
from pointsmanctl.deployment.sources import PRODUCT, build_control
from pointsmanctl.deployment.stack_deployer import StackDeployer
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.errors import DeploymentFailed

EXTERNAL_ID: Final = "pointsman-on-this-machine"
_CONTROL_TEMPLATE: Final = PRODUCT / "template.yaml"
_WORKER_TEMPLATE: Final = PRODUCT / "regional" / "template.yaml"
_ARCHITECTURE: Final = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
_POLL_SECONDS: Final = 0.1


class LocalDeployment:
    """Both templates in a running local cloud."""

    def __init__(self, layout: Layout, process: ServerProcess, clients: AwsClients) -> None:
        self._layout, self._process, self._clients = layout, process, clients

    def build_control(self, routes: Path | None = None) -> Path:
        """Build the functions and layers; the built template. Works without a running local cloud."""
        routes = routes or Path(os.environ.get("POINTSMAN_ROUTES") or PRODUCT / "routes.yaml")
        try:
            return build_control(_CONTROL_TEMPLATE, self._layout.packages, routes, _ARCHITECTURE)
        except DeploymentFailed as error:
            raise DeploymentError(str(error)) from error

    def deploy_control(self, built: Path) -> None:
        """Deploy what `build_control` made, and store its secrets and outputs."""
        record, secrets = self._process.record, self._client("secretsmanager")
        secrets.create_secret(Name=names.GITHUB_SECRET, SecretString=record.github_app)
        outputs = self._deploy(self._control_stack(built)).outputs
        secrets.put_secret_value(SecretId=names.SLACK_SECRET, SecretString=record.slack_token)
        self._record_control(outputs)

    def adopt(self) -> None:
        """Find the control stack that somebody has deployed into an empty local cloud."""
        cloudformation = self._client("cloudformation")
        with contextlib.suppress(cloudformation.exceptions.ClientError):
            self._record_control(stacks.outputs(cloudformation, names.CONTROL_STACK))

    def _record_control(self, outputs: Mapping[str, str]) -> None:
        url = f"{self._process.record.endpoint}/_aws/execute-api/{outputs['ApiId']}/$default/github"
        self._process.update_record(webhook_url=url, outputs=dict(outputs))

    def endpoints(self) -> dict[str, str]:
        """The control stack's parameters that only the local cloud needs."""
        record = self._process.record
        return {"SlackApiUrl": record.slack_api, "GithubApiUrl": record.github_api, "Architecture": _ARCHITECTURE}

    def deploy_workers(self) -> None:
        """Deploy the worker stack to every account and region."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._deploy, [_worker_stack(*target) for target in names.targets()]))

    def _deploy(self, stack: Stack) -> StackState:
        """Deploy a stack; its state then. DeploymentError with the reason when it fails."""
        plan = self._deployer.plan(stack)
        outcome = self._deployer.deploy(plan)
        state = self._deployer.state_of(stack)
        if outcome.kind is OutcomeKind.FAILED or state is None:
            raise DeploymentError(f"stack {stack.name} ({stack.label}): {outcome.reason}")
        return state

    @cached_property
    def _deployer(self) -> StackDeployer:
        artifacts = ArtifactPublisher(self._clients, BUCKET)
        return StackDeployer(self._clients, artifacts, NoProgress(), Pace(_POLL_SECONDS))

    def _client(self, service: str) -> Any:
        return self._clients.client(service, "control", names.CONTROL_REGION)

    def _control_stack(self, built: Path) -> Stack:
        return Stack(
            label="control",
            name=names.CONTROL_STACK,
            account="control",
            account_id=names.CONTROL_ACCOUNT,
            region=names.CONTROL_REGION,
            template=built,
            parameters=self._control_parameters(),
        )

    def _control_parameters(self) -> Mapping[str, str]:
        record = self._process.record
        return {
            **self.endpoints(),
            "GithubApiSecretName": names.GITHUB_SECRET,
            "WorkerAccountIds": ",".join(names.WORKER_ACCOUNTS.values()),
            "ExternalId": EXTERNAL_ID,
            "SlackChannel": record.channel_id,
            "SlackMembers": names.SLACK_MEMBERS,
            "AuditDeletionProtection": "false",
        }


def _worker_stack(account: str, region: str) -> Stack:
    return Stack(
        label=f"{account}/{region}",
        name=names.WORKER_STACK,
        account=account,
        account_id=names.account_id(account),
        region=region,
        template=_WORKER_TEMPLATE,
        parameters={
            "AccountName": account,
            "ControlAccountId": names.CONTROL_ACCOUNT,
            "ControlBusArn": f"arn:aws:events:{names.CONTROL_REGION}:{names.CONTROL_ACCOUNT}:event-bus/{names.BUS}",
            "ExternalId": EXTERNAL_ID,
            "SecretNames": "infra/*",
            "ParameterNames": "/infra/*",
            "RepositoryUrl": f"https://github.com/{names.REPOSITORY}.git",
        },
    )
