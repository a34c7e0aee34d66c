"""What webhook_receiver needs to know of where it runs."""

from pointsman.config import HttpsUrl, Settings


class WebhookReceiverSettings(Settings):
    """Environment of webhook_receiver."""

    webhook_secret_name: str  # plain text in Secrets Manager, the same as in GitHub's form
    changes_queue_url: str
    github_api_url: HttpsUrl = "https://api.github.com"
    github_api_secret_name: str = ""  # a token or a GitHub App in Secrets Manager; empty: GitHub is asked nothing
    github_hook_ranges: str = (
        ""  # addresses of GitHub's hooks as CIDR blocks with commas; empty: they are not looked at
    )
