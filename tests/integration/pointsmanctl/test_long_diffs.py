"""A long diff from the build to who reads it: split over events, and put together again everywhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from host_results.outcome import ItemResult, TaskOutcome
from host_results.pending import pending_results
from host_results.recorder import Recorder
from host_results.result import Counts, RunContext
from host_results.spool import Spool
from redaction import Redactor
from starlette.testclient import TestClient

from pointsman.adapters.dynamodb import marshal
from pointsman.core.audit.recorder import RecordOutcome
from pointsman.core.index.entries import diff_digest
from pointsman.core.trail.events import HostResultRecorded
from pointsman.core.trail.long_diffs import REST_IS_MISSING, is_whole, sha256
from pointsmanctl.commands.audit import blame, host, search, show
from pointsmanctl.console.app import create_app
from pointsmanctl.console.security import ConsoleAccess
from pointsmanctl.console.source import ConsoleSource
from pointsmanctl.output.host_lines import joined_parts
from pointsmanctl.stack.connection import Connection
from tests.support.audit_world import AuditWorld
from tests.support.command_line import run
from tests.support.events import DEV, ROLLOUT, after, arn, host_event, started_rollout, stored_run
from tests.support.recorded_trail import recorded_trail
from tests.support.rollouts import COMMIT

LINES = 8_000
LAST = f"+server-{LINES - 1} = 10.0.0.{LINES - 1}"
PATH = "/etc/app/servers.conf"


def parts(directory: Path) -> list[HostResultRecorded]:
    """What the trail has of a loop over two files and a task after it, as the runner sends it."""
    recorder = Recorder(
        Spool(directory / "spool"), RunContext(ROLLOUT, DEV, 1, "apply", arn(DEV), COMMIT), Path("/clone"), Redactor()
    )
    after_ = "".join(f"server-{number} = 10.0.0.{number}\n" for number in range(LINES))
    diff = {"before": "", "after": after_}
    items = [
        ItemResult("ok", {"changed": True, "dest": PATH, "diff": diff, "item": "a"}, is_of_loop=True),
        ItemResult(
            "ok",
            {"changed": True, "dest": "/etc/b", "diff": {"before": "", "after": "small\n"}, "item": "b"},
            is_of_loop=True,
        ),
    ]
    for name, own in (("Write the servers", items[:1]), ("Write more", items)):
        recorder.end("web-1", name, TaskOutcome("ok", name, None, "/clone/site.yml:3", "copy", own, changed=True))
    recorder.finish({"web-1": Counts(ok=2, changed=2)})
    world = AuditWorld(stored_run(DEV, build_arn=arn(DEV)), now=after(120))
    for event in pending_results(recorder._spool, ended=True):
        assert world.take(host_event(**event.detail)) is RecordOutcome.RECORDED
    return sorted(world.of_type(HostResultRecorded), key=lambda each: each.part)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[HostResultRecorded]:
    return parts(tmp_path_factory.mktemp("spool"))


@pytest.fixture(scope="module")
def trail(results: list[HostResultRecorded]) -> Iterator[Connection]:
    with recorded_trail(started_rollout(DEV), *results) as connection, pytest.MonkeyPatch.context() as patch:
        for command in (blame, host, search, show):
            patch.setattr(command, "connect_stack", lambda *_: connection)
        yield connection


@pytest.fixture
def client(trail: Connection) -> TestClient:
    access = ConsoleAccess(8000)
    client = TestClient(create_app(ConsoleSource.of(trail, "here"), access), base_url=access.address)
    assert client.get("/", params={"token": access.token}).status_code == 200
    return client


def test_the_events_are_small_and_no_other_entry_lists_them(results: list[HostResultRecorded]) -> None:
    assert len(results) >= 3
    assert all(len(each.to_json()) < 200_000 for each in results)
    assert [task.name for each in results for task in each.tasks] == ["Write the servers", "Write more", "Write more"]


@pytest.mark.usefixtures("trail")
def test_audit_show_has_the_whole_diff(results: list[HostResultRecorded]) -> None:
    event = results[0]
    [found] = json.loads(run("audit", "show", event.partition, event.key, "-o", "json").stdout)
    [task] = found["tasks"]
    assert LAST in task["diff"]
    assert sha256(task["diff"]) == task["diff_sha256"]
    shown = run("audit", "show", event.partition, event.key, "--no-pager").stdout
    assert LAST in shown
    assert "not the whole diff" not in shown


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize(
    "words", [("host", "web-1"), ("blame", "web-1", PATH), ("--host", "web-1"), ("--by", "host"), ("--by", "event")]
)
def test_every_list_with_diffs_has_them_whole(words: tuple[str, ...]) -> None:
    shown = run("audit", *words, "--diff", "--no-pager").stdout
    assert LAST in shown
    assert REST_IS_MISSING.strip() not in shown


@pytest.mark.usefixtures("trail")
def test_programs_get_the_whole_diff_and_equal_ones_have_the_same_id(results: list[HostResultRecorded]) -> None:
    [change, *_] = json.loads(run("audit", "blame", "web-1", PATH, "--diff", "-o", "json").stdout)
    assert LAST in change["diff"]
    assert change["diff_id"] == diff_digest(results[0].tasks[0])
    answer: list[dict[str, Any]] = json.loads(run("audit", "--task", "Write more", "-o", "json").stdout)
    found = {(task["name"], task.get("item")): task["diff"] for each in answer for task in each["tasks"]}
    assert LAST in found["Write more", "a"]
    assert found["Write more", "b"].endswith("+small")


def test_the_console_shows_the_whole_diff(client: TestClient, results: list[HostResultRecorded]) -> None:
    event = results[0]
    for address in (
        f"/event?pk={event.partition}&sk={event.key}".replace("#", "%23"),
        f"/hosts/{DEV}/web-1?path={PATH}",
        "/timeline?task=Write+the+servers&diff=1&since=2026-11-01",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert LAST in answer.text, address


def test_a_diff_of_which_a_piece_is_missing_says_so(trail: Connection, results: list[HostResultRecorded]) -> None:
    lost = marshal({"pk": results[1].partition, "sk": results[1].key})
    item = trail.dynamodb.delete_item(TableName="audit", Key=lost, ReturnValues="ALL_OLD")["Attributes"]
    words = ("audit", "show", results[0].partition, results[0].key)
    [found] = json.loads(run(*words, "-o", "json").stdout)
    shown = run(*words, "--no-pager").stdout
    trail.dynamodb.put_item(TableName="audit", Item=cast("Any", item))
    assert found["tasks"][0]["diff"].endswith(REST_IS_MISSING)
    assert f"which has the SHA-256 {results[0].tasks[0].diff_sha256}" in shown


def test_a_result_is_whole_whatever_the_order_of_its_parts(results: list[HostResultRecorded]) -> None:
    [joined] = joined_parts(reversed(results))
    assert isinstance(joined, HostResultRecorded)
    assert [is_whole(task) for task in joined.tasks] == [True, True, True]
    assert [LAST in (task.diff or "") for task in joined.tasks] == [True, True, False]
