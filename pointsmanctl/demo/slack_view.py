"""A Slack message as it would look, in the terminal."""

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
    """A message of the stand-in's channel, block by block."""
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
    """A text object of Block Kit."""
    if text["type"] == "plain_text":
        return Text(_decoded(text["text"]), style=style)
    shown, at = Text(style=style), 0
    for match in _MRKDWN.finditer(text["text"]):
        shown.append(_decoded(text["text"][at : match.start()]))
        shown.append_text(_span(match))
        at = match.end()
    shown.append(_decoded(text["text"][at:]))
    return shown


def _span(match: re.Match[str]) -> Text:
    if match["member"]:
        return Text(match["member"], style="bold yellow")
    if match["url"]:
        return Text(_decoded(match["label"]), style=f"blue link {_decoded(match['url'])}")
    if match["code"]:
        return Text(_decoded(match["code"]), style="cyan")
    return Text(_decoded(match["bold"] or match["italic"]), style="bold" if match["bold"] else "italic")


def _decoded(text: str) -> str:
    """Text as Slack shows it: of all entities it knows these three."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
