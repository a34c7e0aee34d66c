"""`cloud.json`: address and settings of a running local cloud."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class CloudRecord:
    """`cloud.json`: what a client needs to use a running local cloud."""

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
        """Read the file; FileNotFoundError when there is none."""
        return cls(**json.loads(path.read_text()))

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.replace(path)
