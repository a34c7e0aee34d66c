"""`pointsman audit --outcome results_missing` and the console name the runs whose results may be missing."""

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pointsman.core.index.missing_results import NOT_REPORTED
from pointsmanctl.commands.audit import search, show
from pointsmanctl.console.app import create_app
from pointsmanctl.console.security import ConsoleAccess
from pointsmanctl.console.source import ConsoleSource
from pointsmanctl.stack.connection import Connection
from tests.support.command_line import run
from tests.support.events import DEV, PROD, ROLLOUT, ended_run, host, playbook_ended, started_rollout
from tests.support.recorded_trail import recorded_trail

KILLED = ended_run(PROD, "failed", reason="exit status 137").replace(route="site")
EARLY = ended_run("prod/us-east-1", "failed", reason="DOWNLOAD_SOURCE FAILED: authentication required")
EVENTS = (started_rollout(DEV, PROD), host(DEV), ended_run(DEV), playbook_ended(DEV, exit_status=0), KILLED, EARLY)


@pytest.fixture(scope="module")
def trail() -> Iterator[Connection]:
    with recorded_trail(*EVENTS) as connection, pytest.MonkeyPatch.context() as patch:
        for command in (search, show):
            patch.setattr(command, "connect_stack", lambda *_: connection)
        yield connection


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize("words", [(), ("--rollout", ROLLOUT), ("--rollout", ROLLOUT, "--by", "event")])
def test_the_outcome_finds_these_runs_and_no_others(words: tuple[str, ...]) -> None:
    answer = json.loads(run("audit", "--outcome", "results_missing", *words, "-o", "json").stdout)
    assert [(each["type"], each["target"]) for each in answer] == [("RunEnded", PROD)]
    shown = run("audit", "--outcome", "results_missing", *words, "--no-pager").stdout
    assert "exit status 137" in shown
    assert PROD in shown
    assert DEV not in shown
    assert EARLY.target not in shown


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize("words", [("--since", "2026-11-01"), ("--type", "RunEnded"), ("--target", "prod/*")])
def test_a_list_by_event_says_so_of_each_of_these_runs(words: tuple[str, ...]) -> None:
    lines = run("audit", *words, "--by", "event", "--no-pager").stdout.splitlines()
    assert [KILLED.target in each for each in lines if NOT_REPORTED in each] == [True]


@pytest.mark.usefixtures("trail")
def test_the_event_itself_says_so() -> None:
    assert NOT_REPORTED in run("audit", "show", KILLED.partition, KILLED.key, "--no-pager").stdout
    for ended in (EVENTS[2], EARLY):
        assert NOT_REPORTED not in run("audit", "show", ended.partition, ended.key, "--no-pager").stdout


def test_the_console_says_so_in_its_timeline_and_on_the_page_of_the_event(trail: Connection) -> None:
    access = ConsoleAccess(8000)
    client = TestClient(create_app(ConsoleSource.of(trail, "here"), access), base_url=access.address)
    assert client.get("/", params={"token": access.token}).status_code == 200
    params = {"outcome": "results_missing", "since": "2026-11-01"}
    assert client.get("/timeline", params=params).text.count(NOT_REPORTED) == 1
    params = {"type": "RunEnded", "route": "site", "since": "2026-11-01"}
    assert client.get("/timeline", params=params).text.count(NOT_REPORTED) == 1
    place = {"pk": KILLED.partition, "sk": KILLED.key}
    assert NOT_REPORTED in client.get("/event", params=place).text
