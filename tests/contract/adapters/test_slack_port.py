"""The SlackChannel port: memory, and the client against a test server and the local cloud, behave alike."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.slack.api import SlackApi as StandIn
from localcloud.web import HttpRequest, HttpResponse
from pointsman.adapters.slack import SlackWebChannel
from pointsman.adapters.slack_memory import MemorySlackChannel
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.port import SlackChannel
from pointsman.errors import MessageGone
from tests.support.rollouts import MORNING, Clock
from tests.support.slack_server import CHANNEL, TOKEN, slack_server

ONE = SlackMessage("one", ({"type": "section", "text": {"type": "plain_text", "text": "one", "emoji": False}},))
TWO = SlackMessage("two", ({"type": "section", "text": {"type": "plain_text", "text": "two", "emoji": False}},))


type World = tuple[SlackChannel, datetime]  # a channel, and the time in it


@pytest.fixture(params=["memory", "web", "local cloud"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    match request.param:
        case "memory":
            yield MemorySlackChannel(clock=Clock()), MORNING
        case "web":
            with slack_server() as server:
                yield SlackWebChannel(lambda *, fresh: TOKEN, CHANNEL, server.url), MORNING
        case _:
            stand_in = StandIn(tmp_path, TOKEN, ["deployments"])
            with served(stand_in.serve) as url:
                yield SlackWebChannel(lambda *, fresh: TOKEN, stand_in.channels[0].id, url), datetime.now(UTC)


@contextmanager
def served(handle: Callable[[HttpRequest], HttpResponse]) -> Iterator[str]:
    """Serve the local cloud's Slack over HTTP, as its gateway does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            response = handle(HttpRequest("POST", self.path, {}, headers, body))
            self.send_response(response.status)
            self.send_header("content-type", response.content_type)
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/_slack/api/"
        http.shutdown()
        thread.join()


def test_a_message_is_found_by_its_rollout(world: World) -> None:
    slack, now = world
    posted = [slack.post(f"r-{number}", ONE) for number in range(4)]
    assert len(set(posted)) == 4
    assert [slack.find(f"r-{number}", now) for number in range(4)] == posted


def test_a_message_of_another_rollout_is_not_found(world: World) -> None:
    slack, now = world
    slack.post("r-1", ONE)
    assert slack.find("r-2", now) is None


def test_a_message_is_still_found_after_an_update(world: World) -> None:
    slack, now = world
    ts = slack.post("r-1", ONE)
    slack.update(ts, "r-1", TWO)
    assert slack.find("r-1", now) == ts


def test_messages_before_the_given_time_are_not_found(world: World) -> None:
    slack, now = world
    slack.post("r-1", ONE)
    assert slack.find("r-1", now + timedelta(hours=1)) is None


def test_a_small_clock_skew_hides_no_message(world: World) -> None:
    slack, now = world
    ts = slack.post("r-1", ONE)
    assert slack.find("r-1", now + timedelta(seconds=90)) == ts


def test_a_deleted_message_cannot_be_updated(world: World) -> None:
    slack, _ = world
    with pytest.raises(MessageGone):
        slack.update("1795420000.000001", "r-1", ONE)


def test_a_reply_is_found_by_its_note_and_the_message_by_none(world: World) -> None:
    slack, now = world
    ts = slack.post("r-1", ONE)
    failed = slack.post("r-1", TWO, "failed#1", ts)
    fixed = slack.post("r-1", TWO, "fixed#1", ts)
    assert len({ts, failed, fixed}) == 3
    assert [slack.find("r-1", now, note) for note in ("", "failed#1", "fixed#1", "failed#2")] == [
        ts,
        failed,
        fixed,
        None,
    ]


def test_a_reply_can_be_updated_and_keeps_its_note(world: World) -> None:
    slack, now = world
    ts = slack.post("r-1", ONE)
    failed = slack.post("r-1", TWO, "failed#1", ts)
    slack.update(failed, "r-1", ONE, "failed#1")
    assert slack.find("r-1", now, "failed#1") == failed
    assert slack.find("r-1", now) == ts


def test_a_note_without_a_thread_is_a_separate_message(world: World) -> None:
    slack, now = world
    note = slack.post("r-1", TWO, "failed#1")
    assert slack.find("r-1", now, "failed#1") == note
    assert slack.find("r-1", now) is None


def test_a_deleted_message_cannot_be_replied_to(world: World) -> None:
    slack, _ = world
    with pytest.raises(MessageGone):
        slack.post("r-1", ONE, "failed#1", "1795420000.000001")
