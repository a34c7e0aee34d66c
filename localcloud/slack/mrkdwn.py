"""Slack's text as HTML: mrkdwn, plain text and the emoji that we use.

Everything that is not Slack's own markup is escaped; what a sender forgot to escape cannot become HTML here either.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

EMOJI: Final = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "hourglass_flowing_sand": "⏳",
    "hourglass": "⌛",
    "large_blue_circle": "🔵",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "red_circle": "🔴",
    "white_circle": "⚪",
    "warning": "⚠️",
    "rotating_light": "🚨",
    "arrows_counterclockwise": "🔄",
    "black_square_for_stop": "⏹️",
    "octagonal_sign": "🛑",
    "double_vertical_bar": "⏸️",
    "fast_forward": "⏩",
    "rocket": "🚀",
    "construction": "🚧",
    "eyes": "👀",
    "mag": "🔍",
    "lock": "🔒",
    "memo": "📝",
    "bust_in_silhouette": "👤",
    "stopwatch": "⏱️",
    "link": "🔗",
    "package": "📦",
    "wrench": "🔧",
    "gear": "⚙️",
    "fire": "🔥",
    "zzz": "💤",
    "grey_question": "❔",
    "question": "❓",
    "information_source": "ℹ️",
    "heavy_minus_sign": "➖",
    "railway_track": "🛤️",
    "vertical_traffic_light": "🚦",
}

_CODE_BLOCK: Final = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_REFERENCE: Final = re.compile(r"<([^<>\n]+)>")
_EMOJI: Final = re.compile(r":([a-z0-9_+-]+):")
_HELD: Final = re.compile("\x00(\\d+)\x00")
_LINK: Final = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_QUOTE: Final = re.compile(r"^&gt; ?(.*)$", re.MULTILINE)
_STYLES: Final = tuple(
    (re.compile(rf"(?<![\w{mark}]){mark}(?=\S)([^{mark}\n]+?)(?<=\S){mark}(?![\w{mark}])"), tag)
    for mark, tag in ((r"\*", "b"), ("_", "i"), ("~", "s"))
)


def render(text: str) -> str:
    """Slack's markup to HTML."""
    held: list[str] = []

    def hold(markup: str) -> str:
        held.append(markup)
        return f"\x00{len(held) - 1}\x00"

    text = text.replace("\x00", "")
    text = _CODE_BLOCK.sub(lambda found: hold(f"<pre>{_literal(found[1])}</pre>"), text)
    text = _CODE.sub(lambda found: hold(f"<code>{_literal(found[1])}</code>"), text)
    text = _REFERENCE.sub(lambda found: hold(_reference(found[1])), text)
    html = _literal(text)
    for pattern, tag in _STYLES:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    html = _QUOTE.sub(r"<blockquote>\1</blockquote>", html)
    html = _emoji(html).replace("</blockquote>\n", "</blockquote>").replace("\n", "<br>")
    return _put_back(html, held)


def render_plain(text: str) -> str:
    """A plain_text object to HTML: emoji and the three escapes, and nothing else."""
    return _emoji(_literal(text)).replace("\n", "<br>")


def _put_back(html: str, held: list[str]) -> str:
    return _HELD.sub(lambda found: held[int(found[1])], html)


def _literal(text: str) -> str:
    """Text in which only &amp; &lt; &gt; are escaped, as HTML."""
    return escape(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def _reference(inner: str) -> str:
    """What stands in angle brackets: a link, a mention, a date."""
    target, _, label = inner.partition("|")
    if _LINK.match(target):
        return f'<a href="{_literal(target)}" target=_blank rel="noreferrer">{_emoji(_literal(label or target))}</a>'
    if target.startswith("!date^"):
        return _literal(label or target)
    if target[0] in "@#!":
        sign = "#" if target[0] == "#" else "@"
        return f"<span class=mention>{sign}{_literal(label or target[1:])}</span>"
    return _literal(f"<{inner}>")


def _emoji(html: str) -> str:
    return _EMOJI.sub(lambda found: EMOJI.get(found[1], found[0]), html)
