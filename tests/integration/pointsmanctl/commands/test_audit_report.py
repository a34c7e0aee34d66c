"""`pointsman audit report`: a page of a month, read by queries alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pointsman.core.trail.event import Event
from pointsmanctl.commands.audit import report as command
from tests.support.command_line import run, usage_error
from tests.support.recorded_trail import recorded_trail
from tests.support.report_histories import DEV, PROD, Rollout

CROSSING = Rollout(3, 0, "li", title="Begins in October")
EVENTS: list[Event] = [
    *Rollout(1, 3, title="Raise the limit", targets=(DEV, PROD)).whole(),
    *Rollout(2, 5, "omar", title="Lower the limit").whole("failed"),
    CROSSING.pushed(),
    CROSSING.start,
    CROSSING.run(hours=1),
    CROSSING.end(hours=14),
]


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The calls to AWS, by name."""
    made: list[str] = []

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    with recorded_trail(*EVENTS) as connection:
        connection.session.events.register("before-call.dynamodb", note)
        monkeypatch.setattr(command, "connect_stack", lambda *_: connection)
        yield made


def test_it_reads_by_queries_alone(calls: list[str]) -> None:
    assert run("audit", "report", "--month", "2026-11", "--time-zone", "UTC").exit_code == 0
    assert set(calls) == {"Query", "BatchGetItem"}


def test_a_month_as_html_on_standard_output() -> None:
    done = run("audit", "report", "--month", "2026-11", "--time-zone", "UTC")
    assert done.exit_code == 0, done.output
    assert "<h1>November 2026</h1>" in done.stdout
    for title in ("Raise the limit", "Lower the limit", "Begins in October"):
        assert title in done.stdout


def test_markdown_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    done = run(
        "audit", "report", "--month", "2026-11", "--format", "markdown", "--output-file", file, "--minute-price", 1
    )
    assert done.exit_code == 0, done.output
    assert (done.stdout, f"wrote {file}" in done.stderr) == ("", True)
    text = file.read_text()
    assert "| [changes](#changes) | **3** |" in text
    assert "$9.00 at $1 a minute" in text


def test_prices_of_compute_types() -> None:
    asked = ("audit", "report", "--month", "2026-11", "--format", "markdown")
    done = run(*asked, "--price", "BUILD_GENERAL1_SMALL=0.5", "--minute-price", 9)
    assert "$4.50 at $0.5 a minute" in done.stdout
    assert "| LINUX\\_CONTAINER/BUILD\\_GENERAL1\\_SMALL | 3 | 9 | $0.5 | $4.50 |" in done.stdout
    assert "'small' is not a price" in usage_error(*asked, "--price", "small")


def test_another_time() -> None:
    done = run(
        "audit",
        "report",
        "--since",
        "2026-11-05",
        "--until",
        "2026-11-06T00:00",
        "--time-zone",
        "UTC",
        "--format",
        "markdown",
    )
    assert "# Pointsman report: 5 November 2026 00:00 to 6 November 2026 00:00" in done.stdout
    assert "Lower the limit" in done.stdout
    assert "Raise the limit" not in done.stdout


def test_days_are_those_of_the_zone() -> None:
    done = run("audit", "report", "--month", "2026-11", "--time-zone", "Asia/Tokyo", "--format", "markdown")
    assert "times in Asia/Tokyo" in done.stdout
    assert "| Sun 1 Nov | 1 | 1 | 0 | 0 |" in done.stdout  # it ends on 1 November at 2:00 UTC


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--month", "2026-13"], "'2026-13' is not a month: write it as 2026-11"),
        (["--month", "9000-01"], "9000-01 has not begun"),
        (["--month", "2026-11", "--since", "7d"], "it cannot be combined with --since or --until"),
        (["--until", "7d"], "it needs --since"),
        (["--since", "7d", "--until", "8d"], "it is not before the end of the time"),
        (["--since", "x"], "'x' is not a valid time"),
        (["--time-zone", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
        (["--time-zone", "../../etc/passwd"], "is not a time zone"),
    ],
)
def test_what_is_not_a_time(options: list[str], message: str) -> None:
    assert message in usage_error("audit", "report", *options)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    done = run("audit", "report", "--month", "2026-11", "--output-file", tmp_path / "none" / "x.html")
    assert done.exit_code == 2
    assert "cannot write" in done.stderr
