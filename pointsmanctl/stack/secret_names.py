"""The names of the control stack's own secrets: its outputs, or what the template calls them."""

from pointsmanctl.deployment.model import StackState


def webhook_secret(stack: str, state: StackState) -> str:
    """Return the name of the secret with which GitHub signs webhooks."""
    return state.outputs.get("WebhookSecretName") or f"{stack}/github-webhook"


def slack_secret(stack: str, state: StackState) -> str:
    """Return the name of the secret with Slack's token."""
    return state.outputs.get("SlackSecretName") or f"{stack}/slack-token"
