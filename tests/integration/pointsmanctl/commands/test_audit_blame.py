"""`pointsman audit blame`: who changed a file of a host."""

import csv
import json
from collections.abc import Iterator

import pytest
from typer.testing import Result

from pointsman.core.trail.command_events import RolloutApproved
from pointsmanctl.commands.audit import blame as command
from tests.support.command_line import run
from tests.support.events import DEV, OPERATOR, PROD, ROLLOUT, after, host, started_rollout, task
from tests.support.recorded_trail import recorded_trail
from tests.support.rollouts import COMMIT

PATH = "/etc/nginx/nginx.conf"
ABOUT = {"actor": "hana", "repository": "acme/infra", "commit": COMMIT, "route": "site"}


def approved(at: float, command_id: str, login: str | None = None) -> RolloutApproved:
    return RolloutApproved(
        at=after(at), actor=OPERATOR, login=login, rollout=ROLLOUT, command=command_id, reason="", wave=1
    )


def wrote(name: str, diff: str | None) -> dict[str, object]:
    return task(name=name, changed_paths=["/etc/nginx/another.conf", PATH], diff=diff)


EVENTS = [
    started_rollout(DEV, PROD),
    host(DEV, "web-1", at=10, tasks=[wrote("Install nginx", None), wrote("Write it", "-a\n+b\n")]).replace(**ABOUT),
    approved(15, "c-1", "omar"),
    approved(16, "c-2"),
    host(PROD, "web-1", at=20, tasks=[wrote("Write it", "-b\n+c\n")]).replace(**ABOUT),
    approved(25, "c-3", "ada"),
    host(PROD, "web-1", at=30, attempt=2, mode="check", tasks=[wrote("Write it", "-c\n+d\n")]).replace(**ABOUT),
    host(PROD, "web-2", at=40, tasks=[task()]),
    host(PROD, "db-1", at=50, tasks=[task(name=f"Write {n}", changed_paths=[f"/srv/{n}.conf"]) for n in range(30)]),
]


@pytest.fixture(autouse=True)
def trail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with recorded_trail(*EVENTS) as connection:
        monkeypatch.setattr(command, "connect_stack", lambda *_: connection)
        yield


def ask(*words: object) -> Result:
    return run("audit", "blame", *words)


def test_the_last_change_comes_first_with_those_who_approved_it_before() -> None:
    head, *lines = ask("web-1", PATH).stdout.splitlines()
    assert head.split()[2:] == ["EVENT", "COMMIT", "WHO", "APPROVED", "BY", "ROLLOUT", "TARGET", "TASK"]
    assert [line.split()[1] for line in lines] == ["08:00:20", "08:00:10", "08:00:10"]
    assert f"{COMMIT[:7]}  hana  omar, {OPERATOR}  {ROLLOUT}" in lines[0]
    assert "omar" not in lines[1]
    assert ["Write it" in line for line in lines] == [True, True, False]


def test_the_diff_of_each_change_stands_below_it() -> None:
    shown = ask("dev/web-1", PATH, "--diff").stdout
    assert "TARGET" not in shown
    assert "+b" in shown
    assert "+c" not in shown


def test_programs_get_each_change() -> None:
    newest, *_ = json.loads(ask("prod/web-1", PATH, "-o", "json", "--diff").stdout)
    assert newest["approvers"] == ["omar", OPERATOR]
    assert (newest["task"], newest["commit"], newest["diff"]) == ("Write it", COMMIT, "-b\n+c\n")
    rows = list(csv.DictReader(ask("web-1", PATH, "-o", "csv", "--limit", 2).stdout.splitlines()))
    assert [(row["target"], row["changed_path"]) for row in rows] == [(PROD, PATH), (DEV, PATH)]


def test_a_cut_answer_says_so() -> None:
    assert ask("web-1", PATH, "--limit", 1).stderr == "Showing the newest change; raise --limit for more.\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("web-1", "/etc/nginx/an-other.conf"),
            "no known task changed /etc/nginx/an-other.conf on web-1. Did you mean /etc/nginx/another.conf",
        ),
        (("web-2", PATH), "on web-2. A task is known by its file if its module reports which file it changed"),
        (("db-1", "/srv/29.con"), "on db-1. Did you mean /srv/29.conf"),
        (("db-1", "29.conf"), "on db-1. Did you mean /srv/29.conf?"),
        (("web-3", PATH), "no result of a host 'web-3'. Did you mean web-"),
    ],
)
def test_without_a_known_change_the_message_says_why(words: tuple[str, str], expected: str) -> None:
    done = ask(*words)
    assert done.exit_code == 3
    assert expected in done.stderr
