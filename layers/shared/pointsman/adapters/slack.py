"""The Slack port on Slack's Web API.

The app needs the scopes chat:write and channels:history (groups:history for a private channel).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from pointsman.adapters.slack_errors import TOKEN_FAULTS, code_of, translate_slack_errors
from pointsman.core.slack.message import Message
from pointsman.core.slack.port import METADATA_TYPE
from pointsman.errors import Unavailable

TIMEOUT_SECONDS = 10  # shorter than show_rollout.POST_UNDER_WAY
PAGE = 200
PAGES_SEARCHED = 20
CLOCK_SKEW = timedelta(minutes=2)


class Token(Protocol):
    """Gives the bot token."""

    def __call__(self, *, fresh: bool) -> str:
        """The token; with `fresh`, past any cache. Raises Misconfigured or Unavailable."""


class SlackChannel:
    """Channel `channel` (its id: the history knows no names) through the API at `base_url`."""

    def __init__(self, token: Token, channel: str, base_url: str) -> None:
        self._token = token
        self._channel = channel
        self._base_url = base_url.rstrip("/") + "/"

    def post(self, rollout: str, message: Message, note: str = "", thread: str | None = None) -> str:
        """See Slack.post."""
        content = _content(rollout, message, note) | {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        if thread:
            content |= {"thread_ts": thread, "reply_broadcast": True}
        answer = self._call(
            "chat.postMessage", lambda client: client.chat_postMessage(channel=self._channel, **content)
        )
        return str(answer["ts"])

    def update(self, ts: str, rollout: str, message: Message, note: str = "") -> None:
        """See Slack.update."""
        content = _content(rollout, message, note)
        self._call("chat.update", lambda client: client.chat_update(channel=self._channel, ts=ts, **content))

    def find(self, rollout: str, since: datetime, note: str = "") -> str | None:
        """See Slack.find. A reply that was also sent to the channel is in its history, as thread_broadcast."""
        for sent in self._history(since):
            metadata = sent.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            marks = (metadata.get("event_type"), payload.get("rollout"), payload.get("note") or "")
            if marks == (METADATA_TYPE, rollout, note):
                return str(sent["ts"])
        return None

    def _history(self, since: datetime) -> Iterator[dict[str, Any]]:
        oldest = f"{(since - CLOCK_SKEW).timestamp():.6f}"
        cursor: str | None = None
        for _ in range(PAGES_SEARCHED):
            answer = self._page(oldest, cursor)
            yield from answer.get("messages") or ()
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
        raise Unavailable(f"the channel's history since {since.isoformat()} is too long to search")

    def _page(self, oldest: str, cursor: str | None) -> SlackResponse:
        return self._call(
            "conversations.history",
            lambda client: client.conversations_history(
                channel=self._channel, oldest=oldest, limit=PAGE, include_all_metadata=True, cursor=cursor
            ),
        )

    def _call(self, method: str, call: Callable[[WebClient], SlackResponse]) -> SlackResponse:
        """One call; again with a fresh token when the cached one is no longer good."""
        with translate_slack_errors(method):
            try:
                return call(self._client(fresh=False))
            except SlackApiError as error:
                if code_of(error) not in TOKEN_FAULTS:
                    raise
                return call(self._client(fresh=True))

    def _client(self, *, fresh: bool) -> WebClient:
        # No retries of the client's own: a post that went unanswered must be looked for, not sent again.
        return WebClient(
            token=self._token(fresh=fresh), base_url=self._base_url, timeout=TIMEOUT_SECONDS, retry_handlers=[]
        )


def _content(rollout: str, message: Message, note: str) -> dict[str, Any]:
    marks = {"rollout": rollout} | ({"note": note} if note else {})
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "metadata": {"event_type": METADATA_TYPE, "event_payload": marks},
        # chat.update would look for names and addresses to link: https://docs.slack.dev/reference/methods/chat.update/
        "parse": "none",
        "link_names": False,
    }
