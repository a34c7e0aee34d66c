"""The environment of notify."""

from pointsman.config import HttpsUrl, Settings


class NotifySettings(Settings):
    """AUDIT_TABLE is read; in ROLLOUTS_TABLE only SLACK# items are touched. SLACK_CHANNEL is a channel's id (C...)."""

    audit_table: str
    rollouts_table: str
    slack_secret_name: str
    slack_channel: str
    slack_api_url: HttpsUrl = "https://slack.com/api/"
