"""The secrets of the control stack: there, and no longer placeholders."""

import json
from collections.abc import Iterator

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link
from pointsmanctl.stack.secret_names import slack_secret, webhook_secret

LINK = Link("secrets", CONTROL)
_APP_KEYS = {"app_id", "installation_id", "private_key"}


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Check each secret."""
    webhook = webhook_secret(control.stack_name, control.state)
    slack = slack_secret(control.stack_name, control.state)
    yield judge_webhook(webhook, read_secret(control, webhook))
    yield judge_slack(slack, read_secret(control, slack))
    if name := control.parameter("GithubApiSecretName"):
        yield judge_github_api(name, read_secret(control, name))


def read_secret(control: ControlContext, name: str) -> str | None:
    """Return a secret's value; None if there is none. Raises ClientError."""
    client = control.client("secretsmanager")
    try:
        return str(client.get_secret_value(SecretId=name)["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        return None


def judge_webhook(name: str, value: str | None) -> CheckResult:
    """Judge the secret of the webhook, which the stack generates."""
    if value:
        return LINK.ok(f"{name} has a value")
    return LINK.broken(f"{name} has no value", "deploy the control stack again: it generates the secret")


def judge_slack(name: str, value: str | None) -> CheckResult:
    """Judge the token of the Slack bot, which a person stores."""
    if value and value.startswith("xoxb-"):
        return LINK.ok(f"{name} has a bot token")
    problem = "is still the placeholder" if value and " " in value else "is not a bot token (xoxb-...)"
    return LINK.broken(
        f"{name} {problem if value else 'has no value'}",
        "run `pointsman slack-app`, which stores the token",
    )


def judge_github_api(name: str, value: str | None) -> CheckResult:
    """Judge the credentials for GitHub's API: a token, or a GitHub App as JSON."""
    if not value:
        return LINK.broken(f"{name} has no value", "run `pointsman github-app`, or store a token in the secret")
    if not value.lstrip().startswith("{"):
        return LINK.ok(f"{name} has a token")
    try:
        missing = sorted(_APP_KEYS - set(json.loads(value)))
    except ValueError:
        return LINK.broken(f"{name} is not valid JSON", 'store {"app_id", "installation_id", "private_key"} as JSON')
    if missing:
        return LINK.broken(
            f"{name} lacks {', '.join(missing)}",
            "run `pointsman github-app`, which continues where it stopped, or add it to the secret's JSON",
        )
    return LINK.ok(f"{name} has a GitHub App")
