"""The local cloud's accounts, regions and names, as both templates and the demo use them."""

from __future__ import annotations

from typing import Final

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
    """The 12-digit account of `control`, `dev`, `prod` or of an account id; KeyError for any other text."""
    accounts = {"control": CONTROL_ACCOUNT, **WORKER_ACCOUNTS}
    if name_or_id in accounts.values():
        return name_or_id
    return accounts[name_or_id]


def account_name(account: str) -> str:
    """`control`, `dev` or `prod` for a 12-digit account."""
    return {CONTROL_ACCOUNT: "control", **{number: name for name, number in WORKER_ACCOUNTS.items()}}[account]


def targets() -> list[tuple[str, str]]:
    """Every (account name, region) that has a worker stack, always in the same order."""
    return [(name, region) for name in WORKER_ACCOUNTS for region in REGIONS]
