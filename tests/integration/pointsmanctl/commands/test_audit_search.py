"""The search of `pointsman audit` by task, from the index on moto."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from pointsman.core.index.missing_results import NOT_REPORTED
from pointsmanctl.commands.audit import search as command
from pointsmanctl.stack import trail_query
from tests.support.command_line import run, usage_error
from tests.support.events import DEV, PROD, ROLLOUT, ended_run, host, started_rollout, started_run, task
from tests.support.recorded_trail import recorded_trail

MANY = [task(name=f"Task number {number}", diff=f"-a\n+{number}\n") for number in range(12)]
BROKEN = [*(task(name=f"Step {n}") for n in range(12)), task(name="Start it", status="failed", diff=None)]
WHY = ("no space", "not permitted", "no space")


def unmounted(why: str) -> dict[str, Any]:
    return task(name="Mount it", status="failed", diff=None, message=why)


EVENTS = [
    started_rollout(DEV, PROD),
    *(host(DEV, f"web-{number}", at=number, tasks=MANY) for number in range(1, 4)),
    host(PROD, "mail-1", at=8, status="failed", tasks=BROKEN),
    *(host(PROD, "cache-1", at=n, rollout=f"r-{n:016x}", tasks=[task(name="Set it again")]) for n in (11, 12)),
    *(host(PROD, f"nfs-{n}", at=12 + n, status="failed", tasks=[unmounted(why)]) for n, why in enumerate(WHY, 1)),
    started_run(PROD, at=5),
    ended_run(PROD, "failed", at=20),
    host(PROD, "db-1", at=9, tasks=[*MANY[:4], task(name="Task number 4", diff="-a\n+another\n")]),
]


@pytest.fixture(scope="module", autouse=True)
def trail() -> Iterator[None]:
    with recorded_trail(*EVENTS) as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "connect_stack", lambda *_: connection)
        yield


def ask(*words: str) -> list[str]:
    return run("audit", "--until", "2026-11-24", *words).stdout.splitlines()[1:]


@pytest.mark.parametrize("others", [(), ("--target", "*/eu-west-1"), ("--outcome", "changed")])
def test_a_task_is_found_wherever_it_is_in_its_event(others: tuple[str, ...]) -> None:
    found = ask("--task", "Task number 4", *others)
    assert ["db-1" in line for line in found] == [True, False]
    assert found[1].endswith("on web-3, web-2, web-1")


def test_a_task_of_a_host_is_read_from_its_event_if_the_index_has_no_room_for_it() -> None:
    [found] = ask("--task", "Task number 11", "--host", "web-2")
    assert "changed Task number 11" in found


def test_the_same_change_in_another_rollout_has_its_diff_too() -> None:
    shown = ask("--task", "Set it again", "--diff")
    assert sum("changed Set it again" in line for line in shown) == 2
    assert sum("+nofile 65536" in line for line in shown) == 2


def test_hosts_on_which_a_task_failed_for_different_reasons_are_different_lines() -> None:
    assert len(ask("--task", "Mount it")) == 1
    shown = ask("--task", "Mount it", "--diff")
    assert ["no space" in line for line in shown] == [True, False]
    assert "on nfs-3, nfs-1" in shown[0]
    assert "not permitted" in shown[1]


def test_the_changes_of_a_host_that_failed_are_shown_though_the_index_has_the_failure_first() -> None:
    changed = ask("--outcome", "changed", "--host", "mail-1")
    assert [f"changed Step {number} " in line for number, line in enumerate(changed)] == [True] * 12
    assert "failed Start it" in ask("--outcome", "failed", "--host", "mail-1")[0]


@pytest.mark.parametrize("pages", [4, 0], ids=["read as a whole", "too large"])
def test_of_every_rollout_it_is_said_that_ansible_reported_no_end(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    monkeypatch.setattr(trail_query, "_PAGES_OF_A_ROLLOUT", pages)
    shown = run("audit", "--rollout", ROLLOUT, "--by", "event").stdout
    assert "run failed" in shown
    assert NOT_REPORTED in shown


def test_the_diff_of_one_task_comes_without_the_others() -> None:
    shown = ask("--task", "Task number 4", "--diff")
    assert sum("+4" in line for line in shown) == 1
    assert sum("+another" in line for line in shown) == 1
    assert not any("number 5" in line for line in shown)


def test_all_tasks_of_a_rollout_are_shown_with_diffs() -> None:
    shown = ask("--type", "HostResultRecorded", "--diff")
    assert [sum(f"Task number {number} " in line for line in shown) for number in range(12)] == [
        1,
        1,
        1,
        1,
        2,
        *[1] * 7,
    ]


def answer(*words: str) -> Any:
    return json.loads(run("audit", "--until", "2026-11-24", "-o", "json", *words).stdout)


def rows(*words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(run("audit", "--until", "2026-11-24", "-o", "csv", *words).stdout)))


def test_objects_by_task_have_the_hosts_on_which_it_did_the_same() -> None:
    db, web = answer("--by", "task", "--task", "Task number 4")
    assert [each["host"] for each in web["hosts"]] == ["web-3", "web-2", "web-1"]
    assert (web["task"]["name"], web["task"]["status"], web["task"]["diff"]) == ("Task number 4", "changed", None)
    assert (db["hosts"], db["tasks_omitted"], db["type"]) == (
        [{"target": PROD, "host": "db-1"}],
        0,
        "HostResultRecorded",
    )
    assert answer("--by", "task", "--task", "Task number 4", "--diff")[0]["task"]["diff"] == "-a\n+another\n"


def test_csv_by_task_has_a_row_for_each_task() -> None:
    db, web = rows("--by", "task", "--task", "Task number 4", "--diff")
    assert web["hosts"] == f"{DEV}/web-3 {DEV}/web-2 {DEV}/web-1"
    assert (web["hosts_total"], web["task"], web["rollout"]) == ("3", "Task number 4", host(DEV, "x").rollout)
    assert (db["hosts_total"], db["diff"]) == ("1", "'-a\\x0a+another\\x0a")


def test_csv_by_host_has_a_row_for_each_task_of_each_host_and_for_other_events() -> None:
    found = rows("--by", "host", "--diff")
    assert [sum(each["host"] == name for each in found) for name in ("db-1", "web-1", "")] == [5, 12, 2]
    assert found[-1]["type"] == "RolloutStarted"
    assert found[-1]["task"] == ""
    objects = answer("--by", "host", "--host", "web-2", "--diff")
    assert [len(each["tasks"]) for each in objects] == [12]


def test_what_the_index_has_no_room_for_is_counted() -> None:
    [found] = answer("--by", "host", "--host", "web-2")
    assert len(found["tasks"]) + found["tasks_omitted"] == 12
    assert found["tasks_omitted"] > 0


def test_without_by_programs_get_events_as_before() -> None:
    assert {each["type"] for each in answer()} == {"RolloutStarted", "HostResultRecorded", "RunEnded"}
    assert answer() == answer("--by", "event")
    assert "task" not in rows()[0]


def test_steps_of_a_run_have_no_groups() -> None:
    message = usage_error("audit", "--type", "RunStarted", "--by", "task", "-o", "csv")
    assert "steps of a run are events: use --by event" in message


def test_a_limit_of_groups_is_said() -> None:
    done = run("audit", "--until", "2026-11-24", "--by", "host", "-o", "csv", "--limit", "1")
    assert "Showing the newest event" in done.stderr
