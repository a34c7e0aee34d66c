"""Slack's text as HTML."""

import pytest

from localcloud.slack.mrkdwn import render, render_plain


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


def test_plain_text_decodes_only_emoji_and_three_escapes() -> None:
    assert render_plain("*x* <https://y> :x:") == "*x* &lt;https://y&gt; ❌"
    assert render_plain("a &lt;b&gt; &amp; c &quot;") == "a &lt;b&gt; &amp; c &amp;quot;"
    assert render_plain("&amp;lt;") == "&amp;lt;"
