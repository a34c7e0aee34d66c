"""Shows a Slack message in the terminal as Slack would."""

import re
from typing import Any

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

# https://docs.slack.dev/messaging/formatting-message-text: mentions, links, code, bold, italic; nothing else is sent.
_MRKDWN = re.compile(
    r"<(?P<member>@\w+)>|<(?P<url>[^|>]+)\|(?P<label>[^>]*)>"
    r"|`(?P<code>[^`]+)`|\*(?P<bold>[^*\n]+)\*|_(?P<italic>[^_\n]+)_"
)


def slack_message(message: dict[str, Any], channel: str) -> Panel:
    """Return a panel with the blocks of a message from the local cloud's channel."""
    blocks = [_block(block) for block in message["blocks"]]
    edits = len(message.get("edits", []))
    kind = "a reply, also sent to the channel" if message.get("thread_ts") else "one message"
    title = f"#{channel} · {kind}" + (f", edited {edits} times" if edits else "")
    return Panel(Group(*blocks), title=title, title_align="left", box=ROUNDED, border_style="magenta", padding=(0, 1))


def _block(block: dict[str, Any]) -> RenderableType:
    match block["type"]:
        case "header":
            return mrkdwn(block["text"], "bold")
        case "section":
            return mrkdwn(block["text"])
        case "context":
            return Text("\n").join(mrkdwn(element, "dim") for element in block["elements"])
        case _:
            return Text("─" * 40, style="dim")


def mrkdwn(text: dict[str, str], style: str = "") -> Text:
    """Return the text of a text object of Block Kit."""
    if text["type"] == "plain_text":
        return Text(_decoded(text["text"]), style=style)
    result, at = Text(style=style), 0
    for match in _MRKDWN.finditer(text["text"]):
        result.append(_decoded(text["text"][at : match.start()]))
        result.append_text(_span(match))
        at = match.end()
    result.append(_decoded(text["text"][at:]))
    return result


def _span(match: re.Match[str]) -> Text:
    if match["member"]:
        return Text(match["member"], style="bold yellow")
    if match["url"]:
        return Text(_decoded(match["label"]), style=f"blue link {_decoded(match['url'])}")
    if match["code"]:
        return Text(_decoded(match["code"]), style="cyan")
    return Text(_decoded(match["bold"] or match["italic"]), style="bold" if match["bold"] else "italic")


def _decoded(text: str) -> str:
    """Return text as Slack shows it: Slack decodes these three entities only."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
