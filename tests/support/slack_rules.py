"""Slack's rules for a message, from its documentation and its errors. Each violation is a sentence.

https://docs.slack.dev/reference/block-kit/blocks/ and https://docs.slack.dev/messaging/formatting-message-text/
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pointsman.core.slack.message import SlackMessage

ALL_BLOCKS_LENGTH = 11_000  # refused at 11,400 once: https://github.com/slackapi/bolt-js/issues/2867
CODE = re.compile(r"`[^`\n]+`")
MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")
LINK = re.compile(r"<https?://[^\s<>|`]+\|[A-Za-z0-9 -]+>")
DATE = re.compile(r"<!date\^-?\d+\^\{date_short_pretty\} \{time\}\|[0-9: -]+ UTC>")
ENTITY = re.compile(r"&(amp|lt|gt);")
# The characters of the message's own words: they cannot format, mention or link.
OWN_WORDS = re.compile(r"[A-Za-z0-9 ,.:…·↳\n🔄✅❌⏭️⛔💥⌛🛑🔹⏳🔁🔧🚫👤🆕🌊↩️🌀🚨❔-]*")


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def mentions(message: SlackMessage) -> list[str]:
    """Return the members that `message` notifies."""
    return [member for block in message.blocks for member in MENTION.findall(block.get("text", {}).get("text", ""))]


def violations(message: SlackMessage) -> list[str]:
    """Return what Slack would refuse in `message`, and what could be more than text, except mentions."""
    own = tuple(
        block | {"text": block["text"] | {"text": MENTION.sub("", block["text"]["text"])}} if "text" in block else block
        for block in message.blocks
    )
    return list(_violations(SlackMessage(message.text, own)))


def _violations(message: SlackMessage) -> Iterator[str]:
    if not 0 < utf16(message.text) <= 4_000:
        yield f"text of {utf16(message.text)} characters"
    yield from _not_only_text("text", ENTITY.sub("", message.text), "&<>")
    if not 0 < len(message.blocks) <= 50:
        yield f"{len(message.blocks)} blocks"
    size = utf16(json.dumps(message.blocks, ensure_ascii=False))
    if size > ALL_BLOCKS_LENGTH:
        yield f"blocks of {size} characters"
    for block in message.blocks:
        yield from _block_violations(block)


def _block_violations(block: dict[str, Any]) -> Iterator[str]:
    match block:
        case {"type": "header", "text": {"type": "plain_text"} as text}:
            yield from _text_violations(text, 150)
        case {"type": "section", "text": text}:
            yield from _text_violations(text, 3_000)
        case {"type": "context", "elements": elements}:
            if not 0 < len(elements) <= 10:
                yield f"{len(elements)} elements in a context"
            for element in elements:
                yield from _text_violations(element, 2_000)
        case _:
            yield f"no such block: {block}"


def _text_violations(text: dict[str, Any], limit: int) -> Iterator[str]:
    content = text["text"]
    if not 0 < utf16(content) <= limit:
        yield f"{text['type']} of {utf16(content)} characters"
    if text["type"] == "plain_text":
        if text.get("emoji") is not False:
            yield "plain_text reads :names: as emoji"
        yield from _not_only_text("plain_text", ENTITY.sub("", content), "&<>")
        return
    if text.get("verbatim") is not True:
        yield "mrkdwn looks for names and addresses to link"
    spans = CODE.findall(content)
    for span in spans:
        yield from _not_only_text("code span", ENTITY.sub("", span), "&<>")
    rest = DATE.sub("", LINK.sub("", CODE.sub("", content)))
    if not OWN_WORDS.fullmatch(rest):
        yield f"not our own words: {rest!r}"


def _not_only_text(where: str, text: str, forbidden: str) -> Iterator[str]:
    if characters := set(text) & set(forbidden):
        yield f"{where} has {characters}: {text!r}"
