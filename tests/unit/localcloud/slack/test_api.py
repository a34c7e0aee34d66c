"""The Slack stand-in, through Slack's own client over HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from localcloud.slack import api, page
from localcloud.slack.api import SlackApi
from localcloud.slack.limits import RateLimit, RateLimiter
from localcloud.web import HttpRequest, HttpResponse

TOKEN = "xoxb-local-test"


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*bold*"}}


class Site:
    """The stand-in behind a socket."""

    def __init__(self, slack: SlackApi) -> None:
        self.slack = slack

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                split = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                query = dict(pair.partition("=")[::2] for pair in split.query.split("&") if pair)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = HttpRequest(self.command, split.path, query, headers, body)
                self.reply(self.route(request))

            do_GET = do_POST  # noqa: N815

            def route(self, request: HttpRequest) -> HttpResponse:
                if request.path.startswith(api.PREFIX):
                    return slack.serve(request)
                return slack.control(request) if request.path == api.CONTROL else page.serve(slack, request)

            def reply(self, response: HttpResponse) -> None:
                self.send_response(response.status)
                self.send_header("Content-Type", response.content_type)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(response.body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def client(self, token: str = TOKEN) -> WebClient:
        return WebClient(token=token, base_url=f"{self.url}{api.PREFIX}")

    def channel(self) -> Any:
        return httpx.get(f"{self.url}/_slack/channel/deployments.json").json()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(SlackApi(tmp_path, TOKEN, ["deployments"], RateLimiter({})))
    yield made
    made.server.shutdown()
    made.server.server_close()


def failure(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def test_a_message_is_posted_edited_and_read_back_with_its_metadata(site: Site) -> None:
    client = site.client()
    posted = client.chat_postMessage(
        channel="deployments",
        text="begun",
        blocks=[SECTION],
        metadata={"event_type": "rollout", "event_payload": {"id": "r-1"}},
    )
    channel, ts = str(posted["channel"]), str(posted["ts"])
    client.chat_update(channel=channel, ts=ts, text="done")

    messages = client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert [message["text"] for message in messages] == ["done"]
    assert messages[0]["metadata"]["event_payload"] == {"id": "r-1"}
    assert "edited" in messages[0]
    without = client.conversations_history(channel=channel)["messages"]
    assert "metadata" not in without[0]
    stored = site.channel()["messages"][0]
    assert [edit["text"] for edit in stored["edits"]] == ["begun"]
    assert stored["edits"][0]["blocks"] == [SECTION]


def test_a_reply_is_in_its_thread_and_in_the_history_where_it_was_sent_to_the_channel(site: Site) -> None:
    client = site.client()
    ts = str(client.chat_postMessage(channel="deployments", text="parent")["ts"])
    client.chat_postMessage(channel="deployments", text="quiet", thread_ts=ts)
    client.chat_postMessage(channel="deployments", text="<@U012AB> look", thread_ts=ts, reply_broadcast=True)
    messages = client.conversations_history(channel="C0000000001")["messages"]
    assert [(message["text"], message.get("subtype")) for message in messages] == [
        ("<@U012AB> look", "thread_broadcast"),
        ("parent", None),
    ]
    html = httpx.get(f"{site.url}/_slack/channel/deployments").text
    assert html.count("<div class=reply>") == 2
    assert html.count("replied to a thread") == 1
    assert html.count("@U012AB") == 2
    assert html.count("quiet") == 1


def test_there_is_no_reply_to_what_does_not_exist(site: Site) -> None:
    with pytest.raises(SlackApiError) as unknown:
        site.client().chat_postMessage(channel="deployments", text="reply", thread_ts="1.2")
    assert failure(unknown) == "thread_not_found"


def test_forms_and_json_are_both_understood(site: Site) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{site.url}{api.PREFIX}chat.postMessage"
    assert httpx.post(url, json={"channel": "#deployments", "text": "json"}, headers=headers).json()["ok"]
    form = {"channel": "deployments", "text": "form", "blocks": '[{"type":"divider"}]', "token": TOKEN}
    assert httpx.post(url, data=form).json()["message"]["blocks"] == [{"type": "divider"}]
    assert [message["text"] for message in site.channel()["messages"]] == ["json", "form"]


def test_history_is_newest_first_and_pages(site: Site) -> None:
    client = site.client()
    sent = [str(client.chat_postMessage(channel="deployments", text=str(number))["ts"]) for number in range(3)]
    first = client.conversations_history(channel="C0000000001", limit=2)
    assert [message["text"] for message in first["messages"]] == ["2", "1"]
    assert first["has_more"]
    cursor = first["response_metadata"]["next_cursor"]
    rest = client.conversations_history(channel="C0000000001", limit=2, cursor=cursor)
    assert [message["text"] for message in rest["messages"]] == ["0"]
    one = client.conversations_history(channel="C0000000001", oldest=sent[1], latest=sent[1], inclusive=True)
    assert [message["text"] for message in one["messages"]] == ["1"]


def test_the_token_identifies_the_app(site: Site) -> None:
    assert site.client().auth_test()["user"] == "pointsman"
    with pytest.raises(SlackApiError) as wrong:
        site.client("xoxb-other").auth_test()
    assert failure(wrong) == "invalid_auth"
    assert httpx.post(f"{site.url}{api.PREFIX}auth.test").json() == {"ok": False, "error": "not_authed"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "elsewhere", "text": "x"}, "channel_not_found"),
        ({"channel": "deployments", "text": ""}, "no_text"),
        ({"channel": "deployments", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "deployments", "text": "x", "blocks": [SECTION] * 51}, "invalid_blocks"),
        ({"channel": "deployments", "text": "x", "blocks": "no json"}, "invalid_blocks_format"),
    ],
)
def test_a_bad_message_gets_slacks_own_error(site: Site, arguments: dict[str, Any], error: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        site.client().api_call("chat.postMessage", json=arguments)
    assert failure(refused) == error
    assert site.channel()["messages"] == []


def test_an_update_needs_the_channels_id_and_a_message(site: Site) -> None:
    client = site.client()
    ts = str(client.chat_postMessage(channel="deployments", text="x")["ts"])
    with pytest.raises(SlackApiError) as by_name:
        client.chat_update(channel="deployments", ts=ts, text="y")
    assert failure(by_name) == "channel_not_found"
    with pytest.raises(SlackApiError) as unknown:
        client.chat_update(channel="C0000000001", ts="1.000001", text="y")
    assert failure(unknown) == "message_not_found"


def test_an_unknown_method_is_an_error(site: Site) -> None:
    with pytest.raises(SlackApiError) as unknown:
        site.client().api_call("chat.shout")
    assert failure(unknown) == "unknown_method"


def test_too_many_messages_are_answered_429_with_retry_after(tmp_path: Path) -> None:
    site = Site(SlackApi(tmp_path, TOKEN, ["deployments"], RateLimiter({"chat.postMessage": RateLimit(0.01, 1)})))
    try:
        client = site.client()
        client.chat_postMessage(channel="deployments", text="one")
        with pytest.raises(SlackApiError) as limited:
            client.chat_postMessage(channel="deployments", text="two")
        assert limited.value.response.status_code == 429
        assert int(limited.value.response.headers["retry-after"]) == 100
        assert failure(limited) == "ratelimited"
    finally:
        site.server.shutdown()
        site.server.server_close()


def test_requested_failures_happen_as_often_as_requested(site: Site) -> None:
    client = site.client()
    httpx.post(f"{site.url}{api.CONTROL}", json={"fail": {"method": "auth.test", "error": "fatal_error", "times": 2}})
    for _ in range(2):
        with pytest.raises(SlackApiError) as failed:
            client.auth_test()
        assert failure(failed) == "fatal_error"
    assert client.auth_test()["ok"]
    httpx.post(f"{site.url}{api.CONTROL}", json={"fail": {"method": "auth.test", "error": "http_500"}})
    with pytest.raises(SlackApiError):
        client.auth_test()
    httpx.post(
        f"{site.url}{api.CONTROL}", json={"fail": {"method": "auth.test", "error": "ratelimited", "retry_after": 9}}
    )
    with pytest.raises(SlackApiError) as limited:
        client.auth_test()
    assert limited.value.response.headers["retry-after"] == "9"


def test_the_page_shows_messages_with_their_markup_escaped(site: Site) -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": ":x: Failed <b>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "`<script>`"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_seen_"}]},
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Log"},
                    "url": "http://x/?a&b",
                    "style": "primary",
                }
            ],
        },
    ]
    site.client().chat_postMessage(channel="deployments", text="fallback", blocks=blocks)
    html = httpx.get(f"{site.url}/_slack/channel/deployments").text
    assert "❌ Failed &lt;b&gt;" in html
    assert "<code>&lt;script&gt;</code>" in html
    assert "<i>seen</i>" in html
    assert '<a class="button primary" href="http://x/?a&amp;b"' in html
    assert "<hr>" in html
    assert "fallback" not in html
    assert httpx.get(f"{site.url}/_slack/").text.count("# deployments") == 2
    assert httpx.get(f"{site.url}/_slack/channel/none").status_code == 404
