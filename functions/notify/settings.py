"""The environment of notify."""

import re

from pointsman.config import HttpsUrl, Settings

_MEMBER = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99})=([UW][A-Z0-9]{2,20})")


class SlackMembers(dict[str, str]):
    """`hana=U012AB,omar=U034CD`: GitHub logins, in any case, and member ids of the Slack workspace."""

    def __init__(self, text: str = "") -> None:
        pairs = [_MEMBER.fullmatch(pair.strip()) for pair in text.split(",") if pair.strip()]
        if not all(pairs):
            raise ValueError("should be GitHub logins with Slack member ids: hana=U012AB3CD,omar=U045EF6GH")
        super().__init__({pair[1].lower(): pair[2] for pair in pairs if pair})


class NotifySettings(Settings, frozen=True):
    """notify reads AUDIT_TABLE, and in ROLLOUTS_TABLE uses only SLACK# items. SLACK_CHANNEL is a channel id (C...).

    SLACK_MEMBERS maps GitHub logins to the Slack members to mention.
    """

    audit_table: str
    rollouts_table: str
    slack_secret_name: str  # the bot token, as plain text in Secrets Manager
    slack_channel: str
    slack_members: SlackMembers = SlackMembers()
    slack_api_url: HttpsUrl = HttpsUrl("https://slack.com/api/")
