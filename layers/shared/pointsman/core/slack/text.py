"""Text from outside, made safe for Slack: it can mention nobody, link nowhere and format nothing.

Slack reads `&`, `<` and `>` as markup everywhere, and `*`, `_`, `~`, backticks and `:name:` in mrkdwn. So text from
outside is escaped, and stands in a plain_text object or, in mrkdwn, inside a code span: nothing is formatted there.
https://docs.slack.dev/messaging/formatting-message-text/#escaping
"""

import re
import unicodedata

from pointsman.core.text import ELLIPSIS, escape_invisible, shaping_positions

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_URL = re.compile(r"https?://[!#-;=?-\[\]^_a-z{}~]{1,800}")  # visible ASCII but " < > \ ` |
_LABEL = re.compile(r"[^A-Za-z0-9 -]")  # no dot, slash or colon: a bare address would become a link


def length(text: str) -> int:
    """Characters as Slack counts them: an emoji outside Unicode's first plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(text: str, limit: int) -> str:
    """`text` on one line, escaped, without control or direction characters, at most `limit` characters when escaped."""
    if len(text) > limit * 4:  # what comes from outside may be long, and all of it is looked at
        text = text[: limit * 4] + ELLIPSIS
    shaping = shaping_positions(text)
    visible = "".join(each if place in shaping or not _is_invisible(each) else " " for place, each in enumerate(text))
    return _escaped(" ".join(visible.split()), limit)


def _is_invisible(character: str) -> bool:
    """A control character, a space of any kind, or one that nobody sees (of those that format, some are seen)."""
    category = unicodedata.category(character)
    return (category[0] in "CZ" and category != "Cf") or escape_invisible(character) != character


def code(text: str, limit: int) -> str:
    """`text` as a code span of at most `limit` characters and two backticks."""
    return f"`{plain(text, limit).replace('`', 'ˋ') or '–'}`"


def link(url: str | None, label: str) -> str:
    """A link to `url`, or the label alone when `url` is not one that can be linked to."""
    shown = _LABEL.sub("", label) or "link"
    if url is None or not _URL.fullmatch(url):
        return shown
    return f"<{url.replace('&', '&amp;')}|{shown}>"


def _escaped(text: str, limit: int) -> str:
    whole = [_ENTITIES.get(character, character) for character in text]
    if sum(map(length, whole)) <= limit:
        return "".join(whole)
    kept: list[str] = []
    room = limit - length(ELLIPSIS)
    for piece in whole:
        room -= length(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + ELLIPSIS
