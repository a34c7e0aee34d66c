"""Settings of webhook_receiver."""

from pointsman.config import HttpsUrl, Settings


class WebhookReceiverSettings(Settings, frozen=True):
    """The environment variables of webhook_receiver."""

    webhook_secret_name: str  # plain text in Secrets Manager, the same as in GitHub's webhook settings
    changes_queue_url: str
    github_api_url: HttpsUrl = HttpsUrl("https://api.github.com")
    # A token or a GitHub App in Secrets Manager. Empty: GitHub's API is never called.
    github_api_secret_name: str = ""
    # CIDR blocks of GitHub's webhooks, separated by commas. Empty: every address is allowed.
    github_hook_ranges: str = ""
