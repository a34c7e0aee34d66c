"""`pointsman slack-app` with a Slack over HTTP, and Secrets Manager on moto."""

import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.answering_server import Answer, Server, running
from tests.support.command_line import run
from tests.support.control_stack import CHANNEL, PLACEHOLDER, SLACK_SECRET, StackOnMoto, control_stack_on_moto
from tests.support.http_server import Call, Reply, serving

TOKEN = "xoxb" + "-2222-3333-AbCdEfGh"  # in two parts: it is none
IDENTITY = {"ok": True, "user": "pointsman", "team": "Acme"}
SCOPES = {"x-oauth-scopes": "chat:write,channels:history"}


@pytest.fixture
def slack() -> Iterator[Server]:
    """A Slack whose next answers a test sets. It reads forms."""
    with running() as server:

        def serve(call: Call) -> Reply:
            server.calls.append((call.method, call.target, call.headers, call.body.decode()))
            return Server("", server.answers).serve(Call(call.method, call.target, call.headers, b""))

        with serving(serve) as url:
            server.url = f"{url}/api/"
            server.answers[:] = [Answer(body=IDENTITY, headers=SCOPES), Answer(body={"ok": True, "messages": []})]
            yield server


@pytest.fixture(autouse=True)
def stack(slack: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StackOnMoto]:
    monkeypatch.chdir(tmp_path)
    Path("pointsman.toml").write_text('stack = "stack"\nregion = "us-east-1"\n')
    with control_stack_on_moto(SlackApiUrl=slack.url, SlackChannel=CHANNEL) as made:
        yield made


def test_a_token_from_standard_input_is_checked_and_stored(slack: Server, stack: StackOnMoto, tmp_path: Path) -> None:
    done = run("slack-app", stdin=f"{TOKEN}\n")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("https://api.slack.com/apps?new_app=1&manifest_json=%7B%22display_information")
    assert "The token is of pointsman in Acme." in done.stderr
    assert f"The bot is in channel {CHANNEL}. Done." in done.stderr
    assert stack.value(SLACK_SECRET) == TOKEN
    assert [call[1] for call in slack.calls] == ["/api/auth.test", "/api/conversations.history"]
    assert slack.calls[0][2]["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in done.output + "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_the_page_is_opened_only_if_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def fail(url: str) -> bool:
        opened.append(url)
        return False

    monkeypatch.setattr(webbrowser, "open", fail)
    run("slack-app", stdin=f"{TOKEN}\n")
    assert opened == []
    done = run("slack-app", "--yes", "--open", "--private-channel", stdin=f"{TOKEN}\n")
    assert opened == [done.stdout.strip()]
    assert "groups%3Ahistory" in opened[0]
    assert "There is no browser on this machine" in done.stderr


def test_what_is_left_to_do_is_said(slack: Server, stack: StackOnMoto) -> None:
    slack.answers[1] = Answer(body={"ok": False, "error": "not_in_channel"})
    done = run("slack-app", stdin=TOKEN)
    assert done.exit_code == 0
    assert "Next: invite the app to the channel: /invite @pointsman." in done.stderr
    assert stack.value(SLACK_SECRET) == TOKEN


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (Answer(body={"ok": False, "error": "invalid_auth"}), 2, "Slack does not accept the token: invalid_auth"),
        (Answer(body=IDENTITY, headers={"x-oauth-scopes": "chat:write"}), 2, "lacks the scope channels:history"),
        (Answer(status=502, body=b"<html>"), 4, "Slack does not answer: try again"),
    ],
)
def test_a_token_that_does_not_work_is_not_stored(
    slack: Server, stack: StackOnMoto, answer: Any, status: int, message: str
) -> None:
    slack.answers[0] = answer
    done = run("slack-app", stdin=TOKEN)
    assert done.exit_code == status, done.output
    assert message in done.stderr
    assert TOKEN not in done.output
    assert stack.value(SLACK_SECRET) == PLACEHOLDER


@pytest.mark.parametrize(
    ("text", "message"),
    [("xoxp-1-2-UserTokenHere", "which begins with xoxb-"), ("", "nothing came from standard input")],
)
def test_what_is_no_bot_token_is_refused_and_not_repeated(
    slack: Server, stack: StackOnMoto, text: str, message: str
) -> None:
    done = run("slack-app", stdin=text)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not text or text not in done.output
    assert slack.calls == []
    assert stack.value(SLACK_SECRET) == PLACEHOLDER


def test_a_stored_token_is_replaced_only_after_a_question(slack: Server, stack: StackOnMoto) -> None:
    stack.secrets.put_secret_value(SecretId=SLACK_SECRET, SecretString="xoxb-old")
    refused = run("slack-app", stdin=TOKEN)
    assert refused.exit_code == 2
    assert f"Replace the token in {SLACK_SECRET}?" in refused.stderr
    assert "use --yes" in refused.stderr
    assert stack.value(SLACK_SECRET) == "xoxb-old"
    assert run("slack-app", "--yes", stdin=TOKEN).exit_code == 0
    assert stack.value(SLACK_SECRET) == TOKEN


def test_a_token_is_no_argument() -> None:
    assert run("slack-app", TOKEN).exit_code == 2
