"""The SlackChannel port on Slack's Web API.

The app needs the scopes chat:write and channels:history (groups:history for a private channel).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from pointsman.adapters.slack_errors import TOKEN_ERRORS, error_code, translate_slack_errors
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.port import METADATA_TYPE
from pointsman.errors import Unavailable

TIMEOUT_SECONDS = 10  # shorter than message_sync.POST_PENDING
PAGE_SIZE = 200
MAX_PAGES = 20
CLOCK_SKEW = timedelta(minutes=2)


class TokenSource(Protocol):
    """Returns the bot token."""

    def __call__(self, *, fresh: bool) -> str:
        """Return the token; with `fresh`, without using a cache. Raises Misconfigured or Unavailable."""


class SlackWebChannel:
    """The channel with the id `channel`, through the API at `base_url`. (conversations.history takes no names.)"""

    def __init__(self, token: TokenSource, channel: str, base_url: str) -> None:
        self._token = token
        self._channel = channel
        self._base_url = base_url.rstrip("/") + "/"

    def post(self, rollout: str, message: SlackMessage, note: str = "", thread: str | None = None) -> str:
        """See SlackChannel.post."""
        content = _content(rollout, message, note) | {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        if thread:
            content |= {"thread_ts": thread, "reply_broadcast": True}
        response = self._call(
            "chat.postMessage", lambda client: client.chat_postMessage(channel=self._channel, **content)
        )
        return str(response["ts"])

    def update(self, ts: str, rollout: str, message: SlackMessage, note: str = "") -> None:
        """See SlackChannel.update."""
        content = _content(rollout, message, note)
        self._call("chat.update", lambda client: client.chat_update(channel=self._channel, ts=ts, **content))

    def find(self, rollout: str, since: datetime, note: str = "") -> str | None:
        """See SlackChannel.find. A reply that was also sent to the channel is in its history, as thread_broadcast."""
        for posted in self._history(since):
            metadata = posted.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            marks = (metadata.get("event_type"), payload.get("rollout"), payload.get("note") or "")
            if marks == (METADATA_TYPE, rollout, note):
                return str(posted["ts"])
        return None

    def _history(self, since: datetime) -> Iterator[dict[str, Any]]:
        oldest = f"{(since - CLOCK_SKEW).timestamp():.6f}"
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            response = self._page(oldest, cursor)
            yield from response.get("messages") or ()
            cursor = (response.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
        limit = f"{MAX_PAGES * PAGE_SIZE:,}"
        raise Unavailable(f"the channel has more than {limit} messages since {since.isoformat()}, too many to search")

    def _page(self, oldest: str, cursor: str | None) -> SlackResponse:
        return self._call(
            "conversations.history",
            lambda client: client.conversations_history(
                channel=self._channel, oldest=oldest, limit=PAGE_SIZE, include_all_metadata=True, cursor=cursor
            ),
        )

    def _call(self, method: str, call: Callable[[WebClient], SlackResponse]) -> SlackResponse:
        """Call Slack, and once more with a fresh token when the cached one is no longer valid."""
        with translate_slack_errors(method):
            try:
                return call(self._client(fresh=False))
            except SlackApiError as error:
                if error_code(error) not in TOKEN_ERRORS:
                    raise
                return call(self._client(fresh=True))

    def _client(self, *, fresh: bool) -> WebClient:
        # No retries by the client: after a post without a response, look for the message before posting it again.
        return WebClient(
            token=self._token(fresh=fresh), base_url=self._base_url, timeout=TIMEOUT_SECONDS, retry_handlers=[]
        )


def _content(rollout: str, message: SlackMessage, note: str) -> dict[str, Any]:
    marks = {"rollout": rollout} | ({"note": note} if note else {})
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "metadata": {"event_type": METADATA_TYPE, "event_payload": marks},
        # chat.update would turn names and addresses into links: https://docs.slack.dev/reference/methods/chat.update/
        "parse": "none",
        "link_names": False,
    }
