"""The Slack client over HTTP: its requests, and the errors that Slack's responses become."""

from collections.abc import Iterator

import pytest

from pointsman.adapters import slack as slack_adapter
from pointsman.adapters.slack import SlackWebChannel
from pointsman.adapters.slack_errors import DEFAULT_RETRY_AFTER
from pointsman.core.slack.message import SlackMessage
from pointsman.errors import MessageGone, SlackBusy, SlackRefused, Unavailable
from tests.support.rollouts import MORNING
from tests.support.slack_server import CHANNEL, TOKEN, Answer, SlackServer, slack_server

HELLO = SlackMessage("hello", ({"type": "section", "text": {"type": "plain_text", "text": "hello", "emoji": False}},))


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with slack_server() as running:
        yield running


@pytest.fixture
def slack(server: SlackServer) -> SlackWebChannel:
    return SlackWebChannel(lambda *, fresh: TOKEN, CHANNEL, server.url)


def test_slack_must_not_interpret_a_message(slack: SlackWebChannel, server: SlackServer) -> None:
    ts = slack.post("r-1", HELLO)
    slack.update(ts, "r-1", HELLO)
    (post, posted), (update, updated) = server.calls
    assert (post, update) == ("chat.postMessage", "chat.update")
    for arguments in (posted, updated):
        assert arguments["parse"] == "none"
        assert arguments["link_names"] is False
        assert arguments["text"] == "hello"
        assert arguments["blocks"] == list(HELLO.blocks)
        assert arguments["metadata"] == {"event_type": "pointsman_rollout", "event_payload": {"rollout": "r-1"}}
    assert (posted["unfurl_links"], posted["unfurl_media"], posted["mrkdwn"]) == (False, False, False)


def test_a_429_says_how_long_to_wait(slack: SlackWebChannel, server: SlackServer) -> None:
    server.faults = [Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"})]
    with pytest.raises(SlackBusy) as caught:
        slack.post("r-1", HELLO)
    assert caught.value.retry_after == 7
    assert len(server.calls) == 1


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}])
def test_a_429_without_a_time_has_a_default(
    slack: SlackWebChannel, server: SlackServer, headers: dict[str, str]
) -> None:
    server.faults = [Answer(429, "Too Many Requests", headers)]
    with pytest.raises(SlackBusy) as caught:
        slack.post("r-1", HELLO)
    assert caught.value.retry_after == DEFAULT_RETRY_AFTER


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"ok": False, "error": "internal_error"}),
        Answer(503, "<html>Service Unavailable</html>"),
        Answer(200, "<html>a proxy's page</html>"),
        Answer(200, {"ok": False, "error": "fatal_error"}),
        Answer(200, {"ok": False, "error": "request_timeout"}),
        Answer(200, {"ok": False}),
        Answer(200, ""),
    ],
    ids=str,
)
def test_transient_errors_are_unavailable(slack: SlackWebChannel, server: SlackServer, answer: Answer) -> None:
    server.faults = [answer]
    with pytest.raises(Unavailable) as caught:
        slack.post("r-1", HELLO)
    assert not isinstance(caught.value, SlackBusy)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("invalid_auth", "valid bot token"),
        ("token_revoked", "valid bot token"),
        ("channel_not_found", "invite the app"),
        ("not_in_channel", "invite the app"),
        ("missing_scope", "chat:write and channels:history"),
        ("invalid_blocks", "please report"),
        ("msg_blocks_too_long", "please report"),
        ("restricted_action", "administrators"),
        ("an_error_of_tomorrow", "docs.slack.dev"),
    ],
)
def test_a_refusal_says_what_the_operator_must_do(
    slack: SlackWebChannel, server: SlackServer, code: str, advice: str
) -> None:
    server.faults = [Answer(200, {"ok": False, "error": code})] * 2
    with pytest.raises(SlackRefused, match=f"{code}.*{advice}"):
        slack.post("r-1", HELLO)
    assert server.messages == {}


@pytest.mark.parametrize(
    "code", ["thread_not_found", "cannot_reply_to_message", "restricted_action_non_threadable_channel"]
)
def test_where_a_thread_is_impossible_the_error_is_message_gone(
    slack: SlackWebChannel, server: SlackServer, code: str
) -> None:
    server.faults = [Answer(200, {"ok": False, "error": code})]
    with pytest.raises(MessageGone, match=code):
        slack.post("r-1", HELLO, "failed#1", "1795420000.000001")


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_edited_any_more_is_gone(
    slack: SlackWebChannel, server: SlackServer, code: str
) -> None:
    """A workspace may allow edits for some minutes only. What happened since has to be shown all the same."""
    ts = slack.post("r-1", HELLO)
    server.faults = [Answer(200, {"ok": False, "error": code})]
    with pytest.raises(MessageGone, match=code):
        slack.update(ts, "r-1", HELLO)


def test_a_replaced_token_is_fetched_again(server: SlackServer) -> None:
    calls: list[bool] = []

    def token(*, fresh: bool) -> str:
        calls.append(fresh)
        return TOKEN if fresh else "xoxb-old"

    SlackWebChannel(token, CHANNEL, server.url).post("r-1", HELLO)
    assert calls == [False, True]
    assert len(server.messages) == 1


def test_a_call_without_a_response_is_unavailable_and_not_repeated(
    slack: SlackWebChannel, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_adapter, "TIMEOUT_SECONDS", 5)
    server.faults = [Answer(200, "", after_doing=True)]
    with pytest.raises(Unavailable):
        slack.post("r-1", HELLO)
    assert len(server.messages) == 1
    assert slack.find("r-1", MORNING) is not None


def test_a_slack_that_cannot_be_reached_is_unavailable() -> None:
    with slack_server() as gone:
        url = gone.url
    with pytest.raises(Unavailable, match=r"no valid response from Slack to chat\.postMessage"):
        SlackWebChannel(lambda *, fresh: TOKEN, CHANNEL, url).post("r-1", HELLO)


def test_the_search_of_a_long_history_has_a_limit(slack: SlackWebChannel, server: SlackServer) -> None:
    for number in range(50):
        slack.post(f"r-{number}", HELLO)
    with pytest.raises(Unavailable, match="too many to search"):
        slack.find("r-unknown", MORNING)


def test_the_token_is_in_no_error(server: SlackServer) -> None:
    server.faults = [Answer(200, {"ok": False, "error": "channel_not_found"})]
    with pytest.raises(SlackRefused) as caught:
        SlackWebChannel(lambda *, fresh: TOKEN, CHANNEL, server.url).post("r-1", HELLO)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in str(caught.value.__cause__)
