"""The environment of notify."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pointsman.config import HttpsUrl, Settings

_MEMBER = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99})=([UW][A-Z0-9]{2,20})")


def _members(text: Any) -> Any:
    """Parse `hana=U012AB,omar=U034CD`: GitHub logins, in any case, and member ids of the Slack workspace."""
    if not isinstance(text, str):
        return text
    pairs = [_MEMBER.fullmatch(pair.strip()) for pair in text.split(",") if pair.strip()]
    if not all(pairs):
        raise ValueError("should be GitHub logins with Slack member ids: hana=U012AB3CD,omar=U045EF6GH")
    return {pair[1].lower(): pair[2] for pair in pairs if pair}


class NotifySettings(Settings):
    """notify reads AUDIT_TABLE, and in ROLLOUTS_TABLE uses only SLACK# items. SLACK_CHANNEL is a channel id (C...).

    SLACK_MEMBERS maps GitHub logins to the Slack members to mention.
    """

    audit_table: str
    rollouts_table: str
    slack_secret_name: str
    slack_channel: str
    slack_members: Annotated[dict[str, str], BeforeValidator(_members)] = Field(default_factory=dict)
    slack_api_url: HttpsUrl = "https://slack.com/api/"
