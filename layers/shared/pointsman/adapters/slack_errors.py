"""Translate Slack's errors by who must act. https://docs.slack.dev/reference/methods/chat.postMessage/#errors"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException

from slack_sdk.errors import SlackApiError, SlackClientError

from pointsman.errors import MessageGone, SlackBusy, SlackRefused, Unavailable

DEFAULT_RETRY_AFTER = 30.0  # seconds, when Slack sends no Retry-After

TOKEN_ERRORS = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
TRANSIENT = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
GONE = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",  # the workspace allows edits for some time only: a message of now shows the rest
        # Only for replies: they are then posted without a thread.
        "thread_not_found",
        "cannot_reply_to_message",
        "restricted_action_non_threadable_channel",
    }
)

_BY_TOKEN = "Put a valid bot token (xoxb-) of the Slack app into the secret."  # noqa: S105 - advice
_BY_CHANNEL = "Set SlackChannel to the id of an existing channel, and invite the app to it."
_BY_SCOPES = (
    "Give the Slack app the scopes chat:write and channels:history (private: groups:history), and reinstall it."
)
_BY_WORKSPACE = "Ask the workspace's administrators to let the app post: a rule of the workspace prevents it."
_BY_BUG_REPORT = "This is a bug in Pointsman: please report it."

_REMEDIES = {
    **dict.fromkeys(TOKEN_ERRORS, _BY_TOKEN),
    **dict.fromkeys(
        ("channel_not_found", "not_in_channel", "is_archived", "is_inactive", "invalid_channel"), _BY_CHANNEL
    ),
    **dict.fromkeys(("missing_scope", "no_permission", "not_allowed_token_type", "access_denied"), _BY_SCOPES),
    **dict.fromkeys(
        ("invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text"), _BY_BUG_REPORT
    ),
    **dict.fromkeys(("restricted_action", "ekm_access_denied", "org_login_required"), _BY_WORKSPACE),
}


def error_code(error: SlackApiError) -> str:
    """Return Slack's code of `error`, such as `channel_not_found`."""
    data = error.response.data
    return str(data.get("error", "")) if isinstance(data, dict) else ""


@contextmanager
def translate_slack_errors(method: str) -> Iterator[None]:
    """Turn the client's errors into SlackBusy, MessageGone, SlackRefused or Unavailable."""
    try:
        yield
    except SlackApiError as error:
        raise _translate(method, error) from error
    except (SlackClientError, OSError, HTTPException, ValueError) as error:
        # ValueError: the response is not JSON.
        raise Unavailable(f"no valid response from Slack to {method}: {type(error).__name__}") from error


def _translate(method: str, error: SlackApiError) -> SlackBusy | MessageGone | SlackRefused | Unavailable:
    code = error_code(error)
    status = error.response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in RATE_LIMITED:
        return SlackBusy(_retry_after(error))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in TRANSIENT or not code.isidentifier():
        return Unavailable(f"Slack failed at {method}: {code[:60]} ({status})")
    if code in GONE:
        return MessageGone(f"{method}: {code}")
    remedy = _REMEDIES.get(code, f"See https://docs.slack.dev/reference/methods/{method}")
    return SlackRefused(f"Slack refused {method}: {code}. {remedy}")


def _retry_after(error: SlackApiError) -> float:
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    try:
        return max(float(headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return DEFAULT_RETRY_AFTER
