"""The manifest of Pointsman's Slack app: a bot that writes to a channel and finds its own messages again.

https://docs.slack.dev/reference/app-manifest
"""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

DESCRIPTION = "Shows each rollout of Ansible in one message, and reports failures."


def slack_manifest(name: str, *, private_channel: bool = False) -> dict[str, Any]:
    """Return the manifest. A private channel's history is a scope of its own."""
    history = "groups:history" if private_channel else "channels:history"
    return {
        "display_information": {"name": name, "description": DESCRIPTION},
        "features": {"bot_user": {"display_name": name, "always_online": False}},
        "oauth_config": {"scopes": {"bot": ["chat:write", history]}},
        # A rotated token would expire after twelve hours.
        "settings": {"org_deploy_enabled": False, "socket_mode_enabled": False, "token_rotation_enabled": False},
    }


def creation_url(manifest: dict[str, Any], api_url: str) -> str:
    """Return the address that creates the app; `api_url` is https://slack.com/api/, or that of GovSlack."""
    host = "slack-gov.com" if (urlsplit(api_url).hostname or "").endswith("slack-gov.com") else "slack.com"
    query = urlencode({"new_app": 1, "manifest_json": json.dumps(manifest, separators=(",", ":"))})
    return f"https://api.{host}/apps?{query}"
