"""The Slack client over HTTP: what it sends, and what Slack's answers become."""

from collections.abc import Iterator

import pytest

from pointsman.adapters import slack as slack_adapter
from pointsman.adapters.slack import SlackChannel
from pointsman.adapters.slack_errors import DEFAULT_RETRY_AFTER
from pointsman.core.slack.message import Message
from pointsman.errors import MessageGone, SlackBusy, SlackRefused, Unavailable
from tests.support.rollouts import MORNING
from tests.support.slack_server import CHANNEL, TOKEN, Answer, SlackServer, slack_server

HELLO = Message("hello", ({"type": "section", "text": {"type": "plain_text", "text": "hello", "emoji": False}},))


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with slack_server() as running:
        yield running


@pytest.fixture
def slack(server: SlackServer) -> SlackChannel:
    return SlackChannel(lambda *, fresh: TOKEN, CHANNEL, server.url)


def test_a_message_is_sent_so_that_slack_reads_nothing_into_it(slack: SlackChannel, server: SlackServer) -> None:
    ts = slack.post("r-1", HELLO)
    slack.update(ts, "r-1", HELLO)
    (post, posted), (update, updated) = server.calls
    assert (post, update) == ("chat.postMessage", "chat.update")
    for sent in (posted, updated):
        assert sent["parse"] == "none"
        assert sent["link_names"] is False
        assert sent["text"] == "hello"
        assert sent["blocks"] == list(HELLO.blocks)
        assert sent["metadata"] == {"event_type": "pointsman_rollout", "event_payload": {"rollout": "r-1"}}
    assert (posted["unfurl_links"], posted["unfurl_media"], posted["mrkdwn"]) == (False, False, False)


def test_a_429_tells_how_long_to_wait(slack: SlackChannel, server: SlackServer) -> None:
    server.faults = [Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"})]
    with pytest.raises(SlackBusy) as caught:
        slack.post("r-1", HELLO)
    assert caught.value.retry_after == 7
    assert len(server.calls) == 1


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}])
def test_a_429_that_does_not_tell_waits_a_while(
    slack: SlackChannel, server: SlackServer, headers: dict[str, str]
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
def test_what_may_pass_is_unavailable(slack: SlackChannel, server: SlackServer, answer: Answer) -> None:
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
def test_a_refusal_tells_the_operator_what_to_do(
    slack: SlackChannel, server: SlackServer, code: str, advice: str
) -> None:
    server.faults = [Answer(200, {"ok": False, "error": code})] * 2
    with pytest.raises(SlackRefused, match=f"{code}.*{advice}"):
        slack.post("r-1", HELLO)
    assert server.messages == {}


@pytest.mark.parametrize(
    "code", ["thread_not_found", "cannot_reply_to_message", "restricted_action_non_threadable_channel"]
)
def test_where_no_thread_can_be_a_reply_is_gone_and_can_be_posted_alone(
    slack: SlackChannel, server: SlackServer, code: str
) -> None:
    server.faults = [Answer(200, {"ok": False, "error": code})]
    with pytest.raises(MessageGone, match=code):
        slack.post("r-1", HELLO, "failed#1", "1795420000.000001")


def test_a_token_that_was_replaced_is_fetched_anew(server: SlackServer) -> None:
    fetched: list[bool] = []

    def token(*, fresh: bool) -> str:
        fetched.append(fresh)
        return TOKEN if fresh else "xoxb-old"

    SlackChannel(token, CHANNEL, server.url).post("r-1", HELLO)
    assert fetched == [False, True]
    assert len(server.messages) == 1


def test_no_answer_is_unavailable_and_not_sent_again(
    slack: SlackChannel, server: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_adapter, "TIMEOUT_SECONDS", 5)
    server.faults = [Answer(200, "", after_doing=True)]
    with pytest.raises(Unavailable):
        slack.post("r-1", HELLO)
    assert len(server.messages) == 1
    assert slack.find("r-1", MORNING) is not None


def test_a_slack_that_is_not_there_is_unavailable() -> None:
    with slack_server() as gone:
        url = gone.url
    with pytest.raises(Unavailable, match=r"gave no answer to chat\.postMessage"):
        SlackChannel(lambda *, fresh: TOKEN, CHANNEL, url).post("r-1", HELLO)


def test_a_history_without_end_is_not_searched_for_ever(slack: SlackChannel, server: SlackServer) -> None:
    for number in range(50):
        slack.post(f"r-{number}", HELLO)
    with pytest.raises(Unavailable, match="too long to search"):
        slack.find("r-unknown", MORNING)


def test_the_token_is_in_no_error(server: SlackServer) -> None:
    server.faults = [Answer(200, {"ok": False, "error": "channel_not_found"})]
    with pytest.raises(SlackRefused) as caught:
        SlackChannel(lambda *, fresh: TOKEN, CHANNEL, server.url).post("r-1", HELLO)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in str(caught.value.__cause__)
