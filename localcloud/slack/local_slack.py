"""`cloud.slack`: the Slack of a running local cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from localcloud import names
from localcloud.record import CloudRecord
from localcloud.waiting import TIMEOUT_SECONDS


class LocalSlack:
    """Slack in a running local cloud."""

    def __init__(self, record: Callable[[], CloudRecord]) -> None:
        self._record = record

    def channel(self, name: str = names.CHANNEL) -> dict[str, Any]:
        """The channel: {id, name, messages: [{ts, text, blocks, metadata, edited, edits, ...}]}, oldest first."""
        answer = httpx.get(f"{self._record().slack_url}channel/{name}.json", timeout=TIMEOUT_SECONDS).raise_for_status()
        channel: dict[str, Any] = answer.json()
        return channel

    def control(self, **request: Any) -> None:
        """Change how Slack behaves: see SlackApi.control."""
        httpx.post(f"{self._record().slack_url}control", json=request, timeout=TIMEOUT_SECONDS).raise_for_status()
