"""A Slack message in the terminal."""

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from pointsmanctl.demo.slack_view import slack_message


def printed(thing: RenderableType) -> str:
    console = Console(file=StringIO(), width=160, highlight=False)
    console.print(thing)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_slack_message_is_shown_as_slack_would() -> None:
    section = {"type": "mrkdwn", "text": "*bold* `co&lt;de` <http://127.0.0.1/log|log> &amp; &lt;!channel&gt;"}
    message = {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "✅ site: succeeded"}},
            {"type": "section", "text": section},
        ],
        "edits": [{}, {}],
    }
    output = printed(slack_message(message, "deployments"))
    assert "one message, edited 2 times" in output
    assert "bold co<de log & <!channel>" in output


def test_a_reply_in_slack_is_shown_as_one_with_whom_it_mentions() -> None:
    text = {"type": "mrkdwn", "text": "❌ `site` failed · <@U0HANAITO1>"}
    message = {"thread_ts": "1795420800.000001", "blocks": [{"type": "section", "text": text}]}
    output = printed(slack_message(message, "deployments"))
    assert "#deployments · a reply, also sent to the channel" in output
    assert "❌ site failed · @U0HANAITO1" in output


@pytest.mark.parametrize("kind", ["plain_text", "mrkdwn"])
def test_slack_decodes_three_entities(kind: str) -> None:
    text = {"type": kind, "text": "a &lt;b&gt; &amp; c &amp;lt; &quot;"}
    blocks = [{"type": "section", "text": text}, {"type": "context", "elements": [text]}]
    header = [{"type": "header", "text": text}] if kind == "plain_text" else []
    output = printed(slack_message({"blocks": header + blocks}, "deployments"))
    assert output.count("a <b> & c &lt; &quot;") == len(header + blocks)
