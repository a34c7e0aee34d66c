"""Make text from outside safe for Slack: it cannot mention people, create links or change the format.

Slack reads `&`, `<` and `>` as markup everywhere, and `*`, `_`, `~`, backticks and `:name:` in mrkdwn. So text from
outside is escaped, and put into a plain_text object or, in mrkdwn, into a code span: nothing is formatted there.
https://docs.slack.dev/messaging/formatting-message-text/#escaping
"""

import re
import unicodedata

from pointsman.core.text import ELLIPSIS, escape_invisible, shaping_positions

NAME_LENGTH = 80  # of a host, branch, task or target that shares its line with others
REASON_LENGTH = 400

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_URL = re.compile(r"https?://[!#-;=?-\[\]^_a-z{}~]{1,800}")  # visible ASCII but " < > \ ` |
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9 -]")  # no dot, slash or colon: a bare address would become a link


def length(text: str) -> int:
    """Return the number of characters as Slack counts them: an emoji outside Unicode's first plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(text: str, limit: int) -> str:
    """Return `text` escaped, on one line, without invisible characters: at most `limit` characters."""
    return _escape(_visible(text, limit), limit)


def shown_start(text: str, limit: int) -> str:
    """Return as much of `text` as `plain` and `code` need to show it with this limit."""
    return _visible(text, limit)[: limit + 20]  # so that what is longer still ends with an ellipsis


def _visible(text: str, limit: int) -> str:
    if len(text) > limit * 4:  # text from outside may be very long
        text = text[: limit * 4] + ELLIPSIS
    shaping = shaping_positions(text)
    visible = "".join(
        character if position in shaping or not _is_invisible(character) else " "
        for position, character in enumerate(text)
    )
    return " ".join(visible.split())


def _is_invisible(character: str) -> bool:
    """Whether it is a control character, a space of any kind or invisible (some format characters are visible)."""
    category = unicodedata.category(character)
    return (category[0] in "CZ" and category != "Cf") or escape_invisible(character) != character


def code(text: str, limit: int) -> str:
    """Return `text` as a code span of at most `limit` characters and two backticks."""
    return f"`{plain(text, limit).replace('`', 'ˋ') or '–'}`"


def link(url: str | None, label: str) -> str:
    """Return a link to `url`, or only the label when `url` is not a plain http(s) address."""
    safe_label = _NOT_IN_LABEL.sub("", label) or "link"
    if url is None or not _URL.fullmatch(url):
        return safe_label
    return f"<{url.replace('&', '&amp;')}|{safe_label}>"


def _escape(text: str, limit: int) -> str:
    """`text.cut` for escaped text: no entity is cut in two."""
    escaped = [_ENTITIES.get(character, character) for character in text]
    if sum(map(length, escaped)) <= limit:
        return "".join(escaped)
    start: list[str] = []
    room = limit - length(ELLIPSIS)
    for piece in escaped:
        room -= length(piece)
        if room < 0:
            break
        start.append(piece)
    return "".join(start) + ELLIPSIS
