"""`pointsman audit host`: a host's history."""

import csv
import json
from collections.abc import Iterator

import pytest
from typer.testing import Result

from pointsmanctl.commands.audit import host as command
from tests.support.command_line import run
from tests.support.events import DEV, PROD, host, started_rollout, task
from tests.support.recorded_trail import recorded_trail
from tests.support.rollouts import COMMIT

ABOUT = {"actor": "hana", "repository": "acme/infra", "commit": COMMIT, "route": "site"}
WRITE = task(changed_paths=["/etc/security/limits.conf", "/etc/profile"])
RESULTS = [
    host(DEV, "web-1", at=10, tasks=[WRITE]).replace(**ABOUT),
    host(
        DEV,
        "web-1",
        at=20,
        attempt=2,
        status="failed",
        tasks=[task(status="failed", message="No space left", diff=None)],
    ),
    host(PROD, "web-1", at=30, mode="check", tasks=[task(diff="-a\n+b\n")]),
    host(PROD, "db-1", at=40, status="ok", counts={"ok": 7}),
    host(PROD, "many", at=50, tasks=[task(name=f"Task number {number}") for number in range(40)]),
]


@pytest.fixture(autouse=True)
def trail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with recorded_trail(started_rollout(DEV, PROD), *RESULTS) as connection:
        monkeypatch.setattr(command, "connect_stack", lambda *_: connection)
        yield


def ask(*words: object) -> Result:
    return run("audit", "host", *words, "--until", "2026-11-24")


def test_the_newest_comes_first_and_each_line_names_its_target() -> None:
    head, *lines = ask("web-1").stdout.splitlines()
    assert head.split() == ["TIME", "(UTC)", "EVENT", "COMMIT", "WHO", "ROUTE", "TARGET", "WHAT"]
    assert [line.split()[1] for line in lines] == ["08:00:30", "08:00:20", "08:00:10"]
    assert PROD in lines[0]
    assert "would change  1 ok, 1 would change · would change Set the file limit" in lines[0]
    assert "failed  1 ok, 1 changed · failed Set the file limit" in lines[1]
    assert lines[2].split()[3:7] == [COMMIT[:7], "hana", "site", DEV]
    assert (
        "changed Set the file limit  roles/baseline/tasks/main.yml:12 → /etc/security/limits.conf and 1 more"
        in lines[2]
    )


def test_a_host_of_one_target_has_no_column_for_it() -> None:
    head, *lines = ask("dev/web-1").stdout.splitlines()
    assert "TARGET" not in head
    assert len(lines) == 2
    assert DEV not in lines[0]


def test_with_diffs_all_tasks_are_shown_with_what_they_changed() -> None:
    shown = ask("dev/eu-west-1/web-1", "--diff").stdout
    assert "-nofile 1024" in shown
    assert "No space left" in shown
    assert "more task" in ask("many").stdout
    whole = ask("many", "--diff").stdout
    assert whole.count("+nofile 65536") == 40
    assert "more task" not in whole


def test_the_newest_are_kept() -> None:
    done = ask("web-1", "--limit", 1)
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == "Showing the newest event; raise --limit or narrow --since for more.\n"
    assert ask("web-1", "--since", "2026-11-23T08:00:25").stdout.count("\n") == 2


def test_programs_get_entries_with_their_tasks() -> None:
    newest, _, oldest = json.loads(ask("web-1", "-o", "json").stdout)
    assert (newest["target"], newest["outcomes"], newest["at"]) == (PROD, ["would_change"], "2026-11-23T08:00:30Z")
    assert (oldest["actor"], oldest["commit"]) == ("hana", COMMIT)
    [written] = oldest["tasks"]
    assert (written["changed_path"], written["changed_files"]) == ("/etc/security/limits.conf", 2)
    assert len(written["diff_id"]) == 16
    assert "diff" not in written
    [_, _, whole] = json.loads(ask("web-1", "-o", "json", "--diff").stdout)
    assert whole == {**oldest, "tasks": [{**written, "diff": WRITE["diff"]}]}
    rows = list(csv.DictReader(ask("many", "-o", "csv", "--diff").stdout.splitlines()))
    assert [row["task"] for row in rows] == [f"Task number {number}" for number in range(40)]


def test_an_unknown_host_is_answered_with_similar_names() -> None:
    done = ask("web-2")
    assert done.exit_code == 3
    assert "the trail has no result of a host 'web-2'. Did you mean web-1?" in done.stderr


def test_a_time_in_which_nothing_happened_says_so() -> None:
    done = ask("db-1", "--since", "2026-11-23T09:00")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "Nothing happened to db-1 in this time.\n"
