"""What is where: the local cloud's accounts, regions, names and files."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
STATES: Final = CHECKOUT / ".localcloud"
"""One directory for each local cloud: `up`, `demo`, `e2e`."""

CONTROL_ACCOUNT: Final = "111111111111"
WORKER_ACCOUNTS: Final = {"dev": "222222222222", "prod": "333333333333"}
CONTROL_REGION: Final = "us-east-1"
REGION_CODES: Final = {
    "us-east-1": "use1",
    "ca-central-1": "cac1",
    "ap-southeast-2": "apse2",
    "eu-central-1": "euc1",
    "eu-west-1": "euw1",
}
REGIONS: Final = tuple(REGION_CODES)

CONTROL_STACK: Final = "pointsman"
WORKER_STACK: Final = "pointsman-worker"
BUS: Final = "pointsman"
WEBHOOK_SECRET: Final = "pointsman/github-webhook"  # noqa: S105 (a name, not a secret)
SLACK_MEMBERS: Final = "hana=U0HANAITO1,omar=U0OMARDIA1"
SLACK_SECRET: Final = "pointsman/slack-token"  # noqa: S105
GITHUB_SECRET: Final = "pointsman/github-api"  # noqa: S105
REPOSITORY: Final = "acme/infra"
CHANNEL: Final = "deployments"
CHANNEL_ID: Final = "C0000000001"


def account_id(name_or_id: str) -> str:
    """The 12-digit account of `control`, `dev`, `prod` or of an account id; KeyError for anything else."""
    accounts = {"control": CONTROL_ACCOUNT, **WORKER_ACCOUNTS}
    if name_or_id in accounts.values():
        return name_or_id
    return accounts[name_or_id]


def account_name(account: str) -> str:
    """`control`, `dev` or `prod` for a 12-digit account."""
    return {CONTROL_ACCOUNT: "control", **{number: name for name, number in WORKER_ACCOUNTS.items()}}[account]


def targets() -> list[tuple[str, str]]:
    """Every (account name, region) that has a worker stack, in a stable order."""
    return [(name, region) for name in WORKER_ACCOUNTS for region in REGIONS]


@dataclass(frozen=True)
class Layout:
    """The files of one local cloud; nothing is ever written outside `state`."""

    state: Path

    @classmethod
    def default(cls) -> Layout:
        """`POINTSMAN_LOCALCLOUD` when set, otherwise the checkout's own, `.localcloud/up/`."""
        return cls(Path(os.environ.get("POINTSMAN_LOCALCLOUD") or STATES / "up").absolute())

    @property
    def record(self) -> Path:
        """`cloud.json`: where the running cloud is found."""
        return self.state / "cloud.json"

    @property
    def server_log(self) -> Path:
        """What the process wrote."""
        return self.state / "server.log"

    @property
    def tmp(self) -> Path:
        """TMPDIR of the process and of the functions."""
        return self.state / "tmp"

    @property
    def home(self) -> Path:
        """HOME of the process and of the functions."""
        return self.state / "home"

    @property
    def builds(self) -> Path:
        """A directory for each build while it runs."""
        return self.state / "builds"

    @property
    def hosts(self) -> Path:
        """<account name>/<region>/<instance id>: the file systems of the emulated hosts."""
        return self.state / "hosts"

    @property
    def repositories(self) -> Path:
        """<owner>/<name>.git: the bare repositories."""
        return self.state / "git"

    @property
    def clones(self) -> Path:
        """<owner>/<name>: the clones in which commits are made."""
        return self.state / "clones"

    @property
    def deliveries(self) -> Path:
        """GitHub's recent deliveries, a JSON file each."""
        return self.state / "deliveries"

    @property
    def slack(self) -> Path:
        """Everything that was said in Slack, line by line."""
        return self.state / "slack"

    @property
    def sam(self) -> Path:
        """What SAM CLI builds and keeps."""
        return self.state / "sam"

    @property
    def function_packages(self) -> Path:
        """What the functions' processes may import, and their unpacked code."""
        return self.state / "function-packages"

    def renew(self) -> None:
        """Forget an earlier local cloud that was here.

        Nothing is removed from a directory that no local cloud has marked as its own.
        """
        if self._mark.exists():
            for path in self._passing:
                shutil.rmtree(path, ignore_errors=True)
            self.record.unlink(missing_ok=True)
        self.prepare()
        self._mark.write_text("This directory is made, filled and emptied by Pointsman's local cloud.\n")

    @property
    def _mark(self) -> Path:
        return self.state / ".pointsman-local-cloud"

    @property
    def _passing(self) -> list[Path]:
        """What belongs to one run."""
        made_by_emulator = self.state / "emulator"
        in_and_out = [self.builds, self.hosts, self.repositories, self.clones, self.deliveries, self.slack]
        return [self.tmp, self.home, self.sam, self.function_packages, made_by_emulator, *in_and_out]

    def prepare(self) -> None:
        """Make the directories that others expect to find."""
        for path in (self.tmp, self.home, self.builds, self.hosts, self.repositories, self.clones, self.deliveries):
            path.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class CloudRecord:
    """`cloud.json`: what a client needs to find and use a running local cloud."""

    endpoint: str
    """Every AWS API and data plane, e.g. http://127.0.0.1:41234"""
    slack_url: str
    """Slack's page; its API is below `slack_api`."""
    slack_api: str
    """`base_url` for slack_sdk.WebClient."""
    pid: int
    control_account: str
    accounts: dict[str, str]
    control_region: str
    regions: list[str]
    state_dir: str
    repository: str
    channel: str
    channel_id: str
    slack_token: str
    github_api: str
    """GitHub's REST API."""
    github_app: str = field(repr=False)
    """The secret of the GitHub App, as JSON."""
    github_token: str = field(repr=False)
    """A fine-grained token."""
    secret_access_key: str = "test"  # noqa: S105 (the emulator's fixed key for an account's root)
    """The access key is the 12-digit account, which makes the caller that account's root."""
    webhook_url: str = ""
    """Known, as the outputs are, once the control stack is deployed."""
    outputs: dict[str, str] = field(default_factory=dict)
    """The control stack's outputs."""

    @classmethod
    def load(cls, path: Path) -> CloudRecord:
        """Read it; FileNotFoundError when no local cloud was started here."""
        return cls(**json.loads(path.read_text()))

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.replace(path)
