"""Block Kit's limits, and mrkdwn as HTML."""

from typing import Any

import pytest

from localcloud.slack.blocks import faults
from localcloud.slack.mrkdwn import render, render_plain


def text(size: int, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": "x" * size}


def section(**more: Any) -> dict[str, Any]:
    return {"type": "section", **more}


def button(size: int = 5, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": text(size, "plain_text"), **more}


@pytest.mark.parametrize(
    "block",
    [
        section(text=text(3000)),
        section(fields=[text(2000)] * 10),
        section(text=text(1), accessory=button()),
        {"type": "header", "text": text(150, "plain_text")},
        {"type": "context", "elements": [text(1)] * 10},
        {"type": "actions", "elements": [button(75, value="x" * 2000, action_id="a" * 255)]},
        {"type": "divider"},
        {"type": "image", "image_url": "https://x/y.png", "alt_text": "y"},
    ],
)
def test_what_is_within_the_limits_passes(block: dict[str, Any]) -> None:
    assert faults([block]) == []


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (section(text=text(3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (section(text=text(0)), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section(), "must have one of: text, fields [json-pointer:/blocks/0]"),
        (section(fields=[text(1)] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
        (section(fields=[text(2001)]), "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"),
        (section(text=text(1, "markdown")), "must be one of: plain_text, mrkdwn [json-pointer:/blocks/0/text/type]"),
        (
            {"type": "header", "text": text(151, "plain_text")},
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        ({"type": "header", "text": text(1)}, "must be one of: plain_text [json-pointer:/blocks/0/text/type]"),
        ({"type": "context", "elements": []}, "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (
            {"type": "context", "elements": [text(1)] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "actions", "elements": [button(76)]},
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            {"type": "actions", "elements": [button(value="x" * 2001)]},
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        ({"type": "marquee"}, "unsupported type: marquee [json-pointer:/blocks/0/type]"),
        ({"type": "image", "image_url": "https://x"}, "missing required field: alt_text [json-pointer:/blocks/0]"),
        ("text", "must be an object [json-pointer:/blocks/0]"),
    ],
)
def test_what_is_beyond_a_limit_is_told_with_its_place(block: Any, fault: str) -> None:
    assert faults([block]) == [fault]


def test_fifty_blocks_pass_and_one_more_does_not() -> None:
    assert faults([{"type": "divider"}] * 50) == []
    assert faults([{"type": "divider"}] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_block_id_is_used_once() -> None:
    twice = [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]
    assert faults(twice) == ["block_id already exists [json-pointer:/blocks/1/block_id]"]


@pytest.mark.parametrize(
    ("mrkdwn", "html"),
    [
        ("*bold* _italic_ ~gone~", "<b>bold</b> <i>italic</i> <s>gone</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("*<https://x/?a=1&amp;b=2|a label>*",
         '<b><a href="https://x/?a=1&amp;b=2" target=_blank rel="noreferrer">a label</a></b>'),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<!channel> <@U1> <#C1|ops>",
         "<span class=mention>@channel</span> <span class=mention>@U1</span> <span class=mention>#ops</span>"),
        ("&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<https://x/\"onload=1|x>", '<a href="https://x/&quot;onload=1" target=_blank rel="noreferrer">x</a>'),
        (":white_check_mark: :no_such_thing:", "✅ :no_such_thing:"),
        ("one\ntwo", "one<br>two"),
        ("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<!date^1700000000^{date}|yesterday>", "yesterday"),
        ("\x000\x00 `x`", "0 <code>x</code>"),
    ],
)  # fmt: skip
def test_mrkdwn_becomes_html(mrkdwn: str, html: str) -> None:
    assert render(mrkdwn) == html


def test_plain_text_knows_emoji_and_three_escapes_and_nothing_else() -> None:
    assert render_plain("*x* <https://y> :x:") == "*x* &lt;https://y&gt; ❌"
    assert render_plain("a &lt;b&gt; &amp; c &quot;") == "a &lt;b&gt; &amp; c &amp;quot;"
    assert render_plain("&amp;lt;") == "&amp;lt;"
