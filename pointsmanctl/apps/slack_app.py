"""Checks the token of a Slack app before and after it is stored."""

import re

from pointsmanctl.apps.control_stack import ControlStack
from pointsmanctl.doctor.model import CheckResult, LinkState
from pointsmanctl.doctor.slack import SlackAnswer, call, judge_channel, judge_identity, judge_scopes
from pointsmanctl.errors import CloudUnavailable, InvalidInput

DESCRIPTION = "The Slack app's bot token, as plain text, written by `pointsman slack-app`."
_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]+", re.ASCII)


def has_token(value: str | None) -> bool:
    """Whether a secret holds a bot token already, and not the placeholder of the template."""
    return bool(value and value.startswith("xoxb-"))


def check_token(control: ControlStack, token: str) -> str:
    """Return whose token it is. Raises InvalidInput if Slack refuses it or it lacks a scope."""
    if not _TOKEN.fullmatch(token):
        raise InvalidInput("this is not a bot token, which begins with xoxb-. Nothing was stored")
    answer = _call(control, "auth.test", token)
    if answer.error:
        raise InvalidInput(f"Slack does not accept the token: {answer.error}. Nothing was stored")
    for scope in judge_scopes(answer.scopes):
        if scope.state is LinkState.BROKEN:
            raise InvalidInput(f"{scope.message}. Nothing was stored: {scope.remedy}")
    message = judge_identity(answer).message
    return message[:1].upper() + message[1:]


def check_channel(control: ControlStack, token: str) -> str:
    """Return whether the bot can use the channel, and what to do if not."""
    channel = control.parameter("SlackChannel")
    result: CheckResult = judge_channel(
        channel, _call(control, "conversations.history", token, channel=channel, limit="1")
    )
    text = f"{result.message}. Next: {result.remedy}" if result.remedy else f"{result.message}. Done"
    return f"{text[:1].upper()}{text[1:]}."


def _call(control: ControlStack, method: str, token: str, **arguments: str) -> SlackAnswer:
    answer = call(control.parameter("SlackApiUrl"), method, token, **arguments)
    if answer.error == "no answer":
        raise CloudUnavailable("Slack does not answer: try again")
    return answer
