"""Slack: the token is accepted, has the scopes that notify needs, and the bot is in the channel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsmanctl import http
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link, LinkState
from pointsmanctl.doctor.secret_values import judge_slack, read_secret
from pointsmanctl.errors import CloudUnavailable
from pointsmanctl.stack.secret_names import slack_secret

LINK = Link("slack", CONTROL)
_HISTORY = {"channels:history", "groups:history"}  # a public channel, or a private one


@dataclass(frozen=True)
class SlackAnswer:
    """What a method answered: its JSON, and the scopes of the token."""

    body: Mapping[str, Any]
    scopes: frozenset[str] = field(default_factory=frozenset)  # empty: Slack did not say

    @property
    def error(self) -> str:
        """Slack's error code; empty if the call succeeded."""
        return "" if self.body.get("ok") else str(self.body.get("error", "no answer"))


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Check the token, its scopes and the channel."""
    name = slack_secret(control.stack_name, control.state)
    token = read_secret(control, name) or ""
    if judge_slack(name, token).state is not LinkState.OK:
        yield LINK.skipped("there is no token to ask Slack with", "store the token first")
        return
    url, channel = control.parameter("SlackApiUrl"), control.parameter("SlackChannel")
    identity = call(url, "auth.test", token)
    yield judge_identity(identity)
    if not identity.error:
        yield from judge_scopes(identity.scopes)
        yield judge_channel(channel, call(url, "conversations.history", token, channel=channel, limit="1"))


def call(url: str, method: str, token: str, **arguments: str) -> SlackAnswer:
    """Call a method of Slack's Web API; the error `no answer` if there is none."""
    try:
        answer = http.call("POST", f"{url}{method}", token, fields=arguments)
    except CloudUnavailable:
        return SlackAnswer({})
    scopes = answer.headers.get("x-oauth-scopes", "")
    return SlackAnswer(answer.body or {}, frozenset(each.strip() for each in scopes.split(",") if each.strip()))


def judge_identity(answer: SlackAnswer) -> CheckResult:
    """Judge whom the token belongs to."""
    if not answer.error:
        return LINK.ok(f"the token is of {answer.body.get('user')} in {answer.body.get('team')}")
    return LINK.broken(
        f"Slack does not accept the token: {answer.error}",
        "store the app's present bot token: run `pointsman slack-app`",
    )


def judge_scopes(scopes: frozenset[str]) -> Iterator[CheckResult]:
    """Judge the scopes of the token, where Slack says them."""
    if not scopes:
        return
    missing = [] if "chat:write" in scopes else ["chat:write"]
    missing += [] if scopes & _HISTORY else ["channels:history"]
    if missing:
        yield LINK.broken(
            f"the token lacks the scope {' and '.join(missing)}",
            "add it below OAuth & Permissions, and reinstall the app",
        )
    else:
        yield LINK.ok("the token has its scopes")


def judge_channel(channel: str, answer: SlackAnswer) -> CheckResult:
    """Judge whether the bot can read and write the channel."""
    if not answer.error:
        return LINK.ok(f"the bot is in channel {channel}")
    remedies = {
        "not_in_channel": "invite the app to the channel: /invite @pointsman",
        "channel_not_found": "set SlackChannel to the id of the channel, and invite the app if the channel is private",
        "missing_scope": "add channels:history (private channel: groups:history), and reinstall the app",
    }
    return LINK.broken(
        f"the bot cannot use channel {channel}: {answer.error}",
        remedies.get(answer.error, "see https://docs.slack.dev/reference/methods/conversations.history"),
    )
