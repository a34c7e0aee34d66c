"""Settings of webhook_receiver."""

from pointsman.config import HttpsUrl, Settings
from pointsman.core.github_host import API, GITHUB_COM, GithubHost


class WebhookReceiverSettings(Settings, frozen=True):
    """The environment variables of webhook_receiver."""

    webhook_secret_name: str  # plain text in Secrets Manager, the same as in GitHub's webhook settings
    changes_queue_url: str
    github_url: GithubHost = GITHUB_COM
    github_api_url: HttpsUrl = HttpsUrl(API)  # that of github.com: the API of github_url
    # A token or a GitHub App in Secrets Manager. Empty: GitHub's API is never called.
    github_api_secret_name: str = ""
    # An object in S3, as ARN: certificates in PEM that alone are trusted for the API. Empty: the public authorities.
    github_certificate_arn: str = ""
    # CIDR blocks of GitHub's webhooks, separated by commas. Empty: every address is allowed.
    github_hook_ranges: str = ""
