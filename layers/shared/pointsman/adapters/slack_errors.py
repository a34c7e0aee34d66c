"""Slack's errors, sorted by who must act. https://docs.slack.dev/reference/methods/chat.postMessage/#errors"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException

from slack_sdk.errors import SlackApiError, SlackClientError

from pointsman.errors import MessageGone, SlackBusy, SlackRefused, Unavailable

DEFAULT_RETRY_AFTER = 30.0  # seconds, when Slack does not tell

TOKEN_FAULTS = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
GONE = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        # Only of replies: they are posted without a thread then.
        "thread_not_found",
        "cannot_reply_to_message",
        "restricted_action_non_threadable_channel",
    }
)

_BY_TOKEN = "put a valid bot token (xoxb-) of the Slack app in the secret"  # noqa: S105 - advice
_BY_CHANNEL = "set SlackChannel to the id of a channel that exists, and invite the app to it"
_BY_SCOPES = "give the Slack app the scopes chat:write and channels:history (private: groups:history) and reinstall it"
_BY_WORKSPACE = "ask the workspace's administrators: a rule of the workspace keeps the app from writing"
_BY_US = "the message breaks a rule of Slack: a fault of Pointsman, please report it"

_REMEDIES = {
    **dict.fromkeys(TOKEN_FAULTS, _BY_TOKEN),
    **dict.fromkeys(
        ("channel_not_found", "not_in_channel", "is_archived", "is_inactive", "invalid_channel"), _BY_CHANNEL
    ),
    **dict.fromkeys(("missing_scope", "no_permission", "not_allowed_token_type", "access_denied"), _BY_SCOPES),
    **dict.fromkeys(
        ("invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text"), _BY_US
    ),
    **dict.fromkeys(
        ("restricted_action", "ekm_access_denied", "org_login_required", "edit_window_closed"), _BY_WORKSPACE
    ),
}


def code_of(error: SlackApiError) -> str:
    """Slack's own word for `error`, such as `channel_not_found`."""
    data = error.response.data
    return str(data.get("error", "")) if isinstance(data, dict) else ""


@contextmanager
def translate_slack_errors(method: str) -> Iterator[None]:
    """Turn the client's errors into ours. Raises SlackBusy, MessageGone, SlackRefused or Unavailable."""
    try:
        yield
    except SlackApiError as error:
        raise _translated(method, error) from error
    except (SlackClientError, OSError, HTTPException, ValueError) as error:
        # ValueError: an answer that is no answer of Slack's.
        raise Unavailable(f"Slack gave no answer to {method}: {type(error).__name__}") from error


def _translated(method: str, error: SlackApiError) -> SlackBusy | MessageGone | SlackRefused | Unavailable:
    code = code_of(error)
    status = error.response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in RATE_LIMITED:
        return SlackBusy(_retry_after(error))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING or not code.isidentifier():
        return Unavailable(f"Slack failed at {method}: {code[:60]} ({status})")
    if code in GONE:
        return MessageGone(f"{method}: {code}")
    remedy = _REMEDIES.get(code, "see https://docs.slack.dev/reference/methods/" + method)
    return SlackRefused(f"Slack refused {method}: {code}: {remedy}")


def _retry_after(error: SlackApiError) -> float:
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    try:
        return max(float(headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return DEFAULT_RETRY_AFTER
