"""Deploys the real templates: the control stack with `sam build` and `sam deploy`, the worker stack ten times."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from localcloud import layout as names
from localcloud.layout import CHECKOUT, Layout

EXTERNAL_ID: Final = "pointsman-on-this-machine"
CONTROL_TEMPLATE: Final = CHECKOUT / "template.yaml"
WORKER_TEMPLATE: Final = CHECKOUT / "regional" / "template.yaml"
_ARTIFACTS: Final = f"pointsman-artifacts-{names.CONTROL_ACCOUNT}"
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_STACK_SECONDS: Final = 600.0

type Client = Callable[[str, str, str], Any]
"""(service, account, region) to a boto3 client."""


class DeployError(Exception):
    """A stack could not be built or deployed; the message holds what the tool said."""


def build(layout: Layout, template: Path = CONTROL_TEMPLATE) -> Path:
    """`sam build`; the folder with the built template. Needs no running cloud.

    Not cached: SAM would not see that routes.yaml changed, which lies outside the layer that is made of it.
    """
    built = layout.sam / "build"
    _sam(
        [
            "build",
            "--template",
            str(template),
            "--build-dir",
            str(built),
            "--parallel",
        ],
        layout,
        {},
        template.parent,
    )
    return built


def deploy_control(
    layout: Layout, built: Path, client: Client, environment: Mapping[str, str], parameters: Mapping[str, str]
) -> dict[str, str]:
    """`sam deploy` of what `build` made; the stack's outputs."""
    client("s3", "control", names.CONTROL_REGION).create_bucket(Bucket=_ARTIFACTS)
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    command = [
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
        *_CAPABILITIES,
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--no-progressbar",
        "--parameter-overrides",
        *overrides,
    ]
    _sam(command, layout, {**environment, "SAM_CLI_POLL_DELAY": "0.2"}, layout.sam)
    return outputs(client("cloudformation", "control", names.CONTROL_REGION), names.CONTROL_STACK)


def deploy_workers(
    client: Client, parameters: Callable[[str], Mapping[str, str]], template: Path = WORKER_TEMPLATE
) -> None:
    """The worker stack in every account and region; `parameters(account name)`."""
    body = template.read_text()

    def one(target: tuple[str, str]) -> None:
        account, region = target
        create_stack(client("cloudformation", account, region), names.WORKER_STACK, body, parameters(account))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, names.targets()))


def create_stack(cloudformation: Any, name: str, body: str, parameters: Mapping[str, str]) -> None:
    """Create a stack and wait for its end; DeployError with the reason when it fails."""
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=body,
        Capabilities=_CAPABILITIES,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        OnFailure="DO_NOTHING",
    )
    settled, pause = threading.Event(), 0.1
    waited = 0.0
    while (status := _status(cloudformation, name))[0].endswith("_IN_PROGRESS"):
        if waited > _STACK_SECONDS:
            raise DeployError(f"stack {name} did not settle in {_STACK_SECONDS:.0f} s")
        settled.wait(pause)
        waited += pause
    if status[0] != "CREATE_COMPLETE":
        raise DeployError(f"stack {name}: {status[0]}: {_first_failure(cloudformation, name) or status[1]}")


def outputs(cloudformation: Any, name: str) -> dict[str, str]:
    """A stack's outputs by key."""
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def control_parameters(slack_api: str, channel: str, github_api: str) -> dict[str, str]:
    """The control stack's parameters on the local cloud."""
    return {
        "GithubApiUrl": github_api,
        "GithubApiSecretName": names.GITHUB_SECRET,
        "WorkerAccountIds": ",".join(names.WORKER_ACCOUNTS.values()),
        "ExternalId": EXTERNAL_ID,
        "SlackChannel": channel,
        "SlackMembers": names.SLACK_MEMBERS,
        "SlackApiUrl": slack_api,
        "Architecture": "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64",
        "AuditDeletionProtection": "false",
    }


def worker_parameters(account: str) -> dict[str, str]:
    """The worker stack's parameters for `dev` or `prod`."""
    return {
        "AccountName": account,
        "ControlAccountId": names.CONTROL_ACCOUNT,
        "ControlBusArn": f"arn:aws:events:{names.CONTROL_REGION}:{names.CONTROL_ACCOUNT}:event-bus/{names.BUS}",
        "ExternalId": EXTERNAL_ID,
        "RepositoryUrl": f"https://github.com/{names.REPOSITORY}.git",
        "Inventory": "inventory/local_aws_ec2.yml",
    }


def _status(cloudformation: Any, name: str) -> tuple[str, str]:
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return stack["StackStatus"], stack.get("StackStatusReason", "")


def _first_failure(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', '')}" if failed else ""


def _sam(arguments: list[str], layout: Layout, environment: Mapping[str, str], directory: Path) -> None:
    """Run SAM CLI; DeployError with its last words."""
    directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(Path(sys.prefix) / "bin" / "sam"), *arguments],
        cwd=directory,
        env=_environment(layout, environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    log = layout.sam / f"{arguments[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{done.stdout}\n{done.stderr}")
    if done.returncode != 0:
        tail = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-25:])
        raise DeployError(f"sam {arguments[0]} failed (all of it: {log}):\n{tail}")


def _environment(layout: Layout, given: Mapping[str, str]) -> dict[str, str]:
    """The user's own environment, for how packages are fetched, without anything that leads to a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "PYTHON"))}
    return {
        **kept,
        "PATH": os.pathsep.join(
            [str(Path(sys.prefix) / "bin"), str(CHECKOUT / ".tools" / "bin"), os.environ.get("PATH", os.defpath)]
        ),
        "TMPDIR": str(layout.tmp),
        "VIRTUAL_ENV": sys.prefix,
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(layout.sam / "app"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **given,
    }
