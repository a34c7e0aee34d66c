"""The queries of docs/archive.md, run by DuckDB as they stand there on an archive that the real code wrote."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pointsman.core.report.price import billed_minutes
from pointsman.core.trail.events import read_event
from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, PROD, ended_run, host, sample, started_rollout, task

GUIDE = (Path(__file__).parents[2] / "docs" / "archive.md").read_text()
VIEW, *QUERIES = re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
TITLES = re.findall(r"^### (.*)$", GUIDE, re.MULTILINE)
WRITTEN = (
    *("RolloutStarted", "HostResultRecorded", "RunEnded", "RolloutApproved", "RolloutResumed", "RolloutEnded"),
    *("BuildReported", "DeliveryDecided", "DriftDetected", "RolloutRejected", "RolloutRequested"),
)
OWN_MODE = [task(name="Only look", check_mode=True), task(name="Read the version", check_mode=False)]
OTHERS = (
    host(DEV, "web-8", tasks=OWN_MODE),
    host(DEV, "web-9", tasks=OWN_MODE, mode="check"),
    ended_run(PROD, "stopped").replace(duration_seconds=30.0, build_seconds=61, route="site"),
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with samples of events, an event that came late, and an erratum's two versions of one."""
    trail = ArchivedTrail()
    trail.close(3)
    for name in WRITTEN:
        trail.record(read_event(sample(f"ours/{name}.json")))
        trail.close(1)
    for seconds, event in enumerate(reversed(OTHERS), 1):
        trail.record(event.replace(at=trail.now - timedelta(seconds=seconds)))
    leaked = host(DEV, "web-7", tasks=[task(name="Set k8-Vr2mQz", diff="-a\n+b\n")], actor="omar").replace(at=trail.now)
    trail.record(leaked)
    trail.close(1)
    trail.stream(trail.put(leaked.replace(tasks=(leaked.tasks[0].replace(name="Set it"),)), "MODIFY"))
    trail.record(started_rollout(DEV, PROD).replace(rollout="r-late", at=trail.now - timedelta(days=3)))
    trail.close(3)
    directory = tmp_path_factory.mktemp("archive")
    for name, content in trail.archive.export.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


@pytest.fixture
def database(archive: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(archive)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(VIEW)
        yield connection


def answers(database: Any, title: str) -> list[dict[str, Any]]:
    """The rows that the query below a title gives."""
    found = database.execute(QUERIES[TITLES.index(title)])
    names = [each[0] for each in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_every_title_has_a_query() -> None:
    assert len(TITLES) == len(QUERIES) == 8


@pytest.mark.parametrize("title", TITLES)
def test_a_query_runs_and_finds_something(database: Any, title: str) -> None:
    assert answers(database, title)


def test_each_event_comes_once_as_it_is_now(database: Any) -> None:
    [(every, different)] = database.execute(
        "SELECT count(*), count(DISTINCT event_partition || event_key) FROM events"
    ).fetchall()
    assert every == different == len(WRITTEN) + len(OTHERS) + 2
    assert database.execute("SELECT count(*) FROM events WHERE date = '2026-11-23'").fetchone() == (every,)


def test_who_changed_what(database: Any) -> None:
    rows = answers(database, "Who changed what on which host")
    assert [(each["actor"], each["host"], each["task"]) for each in rows] == [
        ("hana", "web-1.dev.eu-west-1", "Set the file limit"),
        ("hana", "web-1.dev.eu-west-1", "Write the virtual hosts"),
        ("hana", "web-1.dev.eu-west-1", "List every server"),
        ("hana", "web-1.dev.eu-west-1", "Compact the database"),
        (None, "web-8", "Read the version"),
        (None, "web-9", "Read the version"),
        ("omar", "web-7", "Set it"),
    ]
    assert rows[0]["diff"].startswith("--- before\n+++ after\n")


def test_failures_approvals_and_late_events(database: Any) -> None:
    failures = answers(database, "Failures by week")
    assert [(each["target"], each["failures"]) for each in failures] == [(DEV, 1), (PROD, 1)]
    assert {str(each["week"])[:10] for each in failures} == {"2026-11-23"}
    [approval] = answers(database, "Approvals: by whom, of whose commit, how long it waited")
    assert (approval["approver"], approval["pushed_by"]) == ("omar", "hana")
    assert approval["waited"] == timedelta(hours=1, minutes=2, seconds=10, microseconds=696_000)
    late = answers(database, "What was recorded long after it happened")
    assert "ROLLOUT#r-late" in {each["event_partition"] for each in late}


def test_minutes_are_those_of_a_report(database: Any) -> None:
    [row] = answers(database, "Minutes of builds by route and month")
    assert (row["runs"], row["minutes"]) == (2, billed_minutes(98) + billed_minutes(61))


def test_every_override_is_a_decision_against_the_rules(database: Any) -> None:
    rows = answers(database, "What people decided against the rules: overrides, holds, halts, rollbacks")
    assert {each["type"] for each in rows} == {"RolloutRejected", "RolloutRequested", "RolloutResumed"}
