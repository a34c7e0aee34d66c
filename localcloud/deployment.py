"""`cloud.deployment`: the control stack with `sam build` and `sam deploy`, the worker stack ten times."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from localcloud import names
from localcloud.clients import AwsClients
from localcloud.layout import CHECKOUT, Layout
from localcloud.process import ServerProcess
from localcloud.runner_layer import archive, with_archive
from localcloud.sam import sam
from localcloud.stacks import CAPABILITIES, create_stack, outputs

EXTERNAL_ID: Final = "pointsman-on-this-machine"
_CONTROL_TEMPLATE: Final = CHECKOUT / "template.yaml"
_WORKER_TEMPLATE: Final = CHECKOUT / "regional" / "template.yaml"
_ARCHITECTURE: Final = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
_ARTIFACTS: Final = f"pointsman-artifacts-{names.CONTROL_ACCOUNT}"


class Deployment:
    """Both templates in a running local cloud."""

    def __init__(self, layout: Layout, process: ServerProcess, clients: AwsClients) -> None:
        self._layout, self._process, self._clients = layout, process, clients

    def build_control(self) -> Path:
        """`sam build`; the directory of the built template. Works without a running local cloud.

        Not cached: SAM would not notice a change of routes.yaml, which is outside the layer's directory.
        """
        built = self._layout.sam / "build"
        command = ["build", "--template", str(_CONTROL_TEMPLATE), "--build-dir", str(built), "--parallel"]
        sam(command, self._layout, {"POINTSMAN_ARCHITECTURE": _ARCHITECTURE}, _CONTROL_TEMPLATE.parent)
        return built

    def deploy_control(self, built: Path) -> None:
        """`sam deploy` of what `build_control` made, and store its secrets and outputs."""
        record, secrets = self._process.record, self._client("secretsmanager")
        secrets.create_secret(Name=names.GITHUB_SECRET, SecretString=record.github_app)
        self._client("s3").create_bucket(Bucket=_ARTIFACTS)
        sam(
            self._deploy_command(built),
            self._layout,
            {**self._clients.environment("control", names.CONTROL_REGION), "SAM_CLI_POLL_DELAY": "0.2"},
            self._layout.sam,
        )
        stack_outputs = outputs(self._client("cloudformation"), names.CONTROL_STACK)
        secrets.put_secret_value(SecretId=names.SLACK_SECRET, SecretString=record.slack_token)
        url = f"{record.endpoint}/_aws/execute-api/{stack_outputs['ApiId']}/$default/github"
        self._process.update_record(webhook_url=url, outputs=stack_outputs)

    def deploy_workers(self) -> None:
        """Deploy the worker stack to every account and region."""
        body, runner = _WORKER_TEMPLATE.read_text(), archive()

        def deploy(target: tuple[str, str]) -> None:
            account, region = target
            bucket, key = f"pointsman-artifacts-{names.account_id(account)}-{region}", "runner.zip"
            s3 = self._clients.client("s3", account, region)
            location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **location)
            s3.put_object(Bucket=bucket, Key=key, Body=runner)
            cloudformation = self._clients.client("cloudformation", account, region)
            create_stack(
                cloudformation, names.WORKER_STACK, with_archive(body, bucket, key), _worker_parameters(account)
            )

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(deploy, names.targets()))

    def _client(self, service: str) -> Any:
        return self._clients.client(service, "control", names.CONTROL_REGION)

    def _deploy_command(self, built: Path) -> list[str]:
        overrides = [f"{name}={value}" for name, value in self._control_parameters().items()]
        return [
            "deploy",
            "--template-file",
            str(built / "template.yaml"),
            "--stack-name",
            names.CONTROL_STACK,
            "--region",
            names.CONTROL_REGION,
            "--s3-bucket",
            _ARTIFACTS,
            "--capabilities",
            *CAPABILITIES,
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--no-progressbar",
            "--parameter-overrides",
            *overrides,
        ]

    def _control_parameters(self) -> dict[str, str]:
        record = self._process.record
        return {
            "GithubApiUrl": record.github_api,
            "GithubApiSecretName": names.GITHUB_SECRET,
            "WorkerAccountIds": ",".join(names.WORKER_ACCOUNTS.values()),
            "ExternalId": EXTERNAL_ID,
            "SlackChannel": record.channel_id,
            "SlackMembers": names.SLACK_MEMBERS,
            "SlackApiUrl": record.slack_api,
            "Architecture": _ARCHITECTURE,
            "AuditDeletionProtection": "false",
        }


def _worker_parameters(account: str) -> dict[str, str]:
    return {
        "AccountName": account,
        "ControlAccountId": names.CONTROL_ACCOUNT,
        "ControlBusArn": f"arn:aws:events:{names.CONTROL_REGION}:{names.CONTROL_ACCOUNT}:event-bus/{names.BUS}",
        "ExternalId": EXTERNAL_ID,
        "SecretNames": "infra/*",
        "ParameterNames": "/infra/*",
        "RepositoryUrl": f"https://github.com/{names.REPOSITORY}.git",
    }
