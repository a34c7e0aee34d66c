"""What the browser asks for again and again: it gets what changed, and little is read for it."""

import re
from collections import Counter
from typing import Any

from starlette.testclient import TestClient

from tests.support.console_world import DEV_TARGETS, ConsoleWorld, console_world
from tests.support.events import task
from tests.support.rollouts import delivery


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{16})"', text)
    assert found
    return found[1]


def test_what_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    version = seen(client.get("/").text)
    answer = client.get("/live", params={"seen": version})
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/live", params={"seen": "other"}).status_code == 200


def test_a_run_that_ends_shows_without_reloading_the_page() -> None:
    with console_world() as console:
        rollout = console.push(delivery(*DEV_TARGETS[:2]), "Raise the file limit")
        console.store()
        client = console.client()
        first = client.get(f"/rollouts/{rollout}").text
        console.later(seconds=20)
        console.report(rollout, DEV_TARGETS[0], task())
        console.finish(rollout, DEV_TARGETS[0])
        console.store()
        answer = client.get(f"/rollouts/{rollout}/live", params={"seen": seen(first)})
        assert "1 running, 1 succeeded of 2" in answer.text
        assert answer.headers["hx-trigger"] == "rollout-news"
        assert "Set the file limit" in client.get(f"/rollouts/{rollout}/results").text
        assert seen(answer.text) != seen(first)


def test_a_rollout_that_ends_goes_to_those_that_ended_lately() -> None:
    with console_world() as console:
        rollout = console.push(delivery(DEV_TARGETS[0]), "Raise the file limit")
        console.store()
        client = console.client()
        assert "Ended lately" in client.get("/").text
        console.later(seconds=20)
        console.finish(rollout, DEV_TARGETS[0])
        console.store()
        text = client.get("/live").text
        assert "No rollout is open." in text
        assert text.index("Ended lately") < text.index("Raise the file limit")


class Calls:
    """Counts the calls to DynamoDB."""

    def __init__(self, console: ConsoleWorld) -> None:
        self.names: Counter[str] = Counter()
        client: Any = console.client_of_tables
        call = client._make_api_call

        def counted(name: str, arguments: dict[str, Any]) -> Any:
            self.names[name] += 1
            self.tables[arguments.get("TableName", "batch").partition("-")[0]] += 1
            return call(name, arguments)

        self.tables: Counter[str] = Counter()
        client._make_api_call = counted


def test_a_page_that_waits_reads_what_is_open_and_what_is_new() -> None:
    with console_world() as console:
        console.push(delivery(*DEV_TARGETS), "Raise the file limit")
        console.store()
        client = console.client()
        client.get("/")
        calls = Calls(console)
        console.later(seconds=13)  # it is no longer busy, and was read less than 15 seconds ago
        client.get("/live")
        assert calls.names == {"Query": 5}  # what is open, and four shards of news
        assert calls.tables == {"rollouts": 1, "index": 4}


def test_nothing_open_costs_the_least_and_tabs_share_what_is_read() -> None:
    with console_world() as console:
        client = console.client()
        client.get("/")
        calls = Calls(console)
        console.later(seconds=3)
        client.get("/live")
        client.get("/live")
        assert calls.names == {"Query": 1}


def test_the_console_never_scans_and_never_writes() -> None:
    with console_world() as console:
        rollout = console.push(delivery(*DEV_TARGETS), "Raise the file limit")
        console.report(rollout, DEV_TARGETS[0], task())
        console.store()
        client = console.client()
        calls = Calls(console)
        host = f"/hosts/{DEV_TARGETS[0]}/web-dev-use1"
        for path in (
            "/",
            "/live",
            f"/rollouts/{rollout}",
            "/timeline",
            "/timeline?diff=1",
            "/hosts",
            host,
            "/search?q=web",
        ):
            assert client.get(path).status_code == 200
        assert {*calls.names} <= {"Query", "GetItem", "BatchGetItem"}
