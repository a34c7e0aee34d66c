"""The report of a month that the real engine made, read through the index."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pointsman.adapters.report_page.markdown import markdown_page
from pointsman.core.report.build import report_of
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport, RolloutKind
from pointsman.core.trail.events import HostResultRecorded, RolloutEnded, RunEnded
from tests.support.report_month import a_month, records_of

ROOT = Path(__file__).parents[4]
BERLIN = TimeSpan.of_month("2026-11", ZoneInfo("Europe/Berlin"))
MADE_AT = datetime(2026, 12, 1, 6, tzinfo=UTC)


@cache
def _found() -> tuple[AuditReport, list[object]]:
    events = a_month().trail.all()
    return report_of(records_of(events, BERLIN), BERLIN, MADE_AT, rows=10_000, other_rows=10_000), list(events)


def test_it_counts_what_the_engine_recorded() -> None:
    found, events = _found()
    ended = {event.rollout for event in events if isinstance(event, RolloutEnded)}
    built = [event for event in events if isinstance(event, RunEnded) and event.build_arn]
    changed = {
        (e.rollout, e.target, e.host) for e in events if isinstance(e, HostResultRecorded) and e.status == "changed"
    }
    assert found.changes.total == len(ended)
    assert found.runs.total == len(built)
    assert found.hosts_changed >= len([each for each in changed if each[0] in ended]) > 0


def test_rollbacks_approvals_freezes_and_drift_are_in_it() -> None:
    found, _ = _found()
    assert {row.kind for row in found.changes.rows} == {RolloutKind.PUSH, RolloutKind.BY_HAND, RolloutKind.ROLLBACK}
    assert found.rollbacks.total == 2
    assert {row.person for row in found.approvals.rows} == {"kofi"}
    assert found.commands.total >= 1
    assert (found.drifting_hosts, found.still_drifting, found.unfinished.total) == (1, 1, 1)
    assert found.dora.failed.total == found.failures.total > 0


def test_a_rollback_restores_what_failed() -> None:
    found, _ = _found()
    restored = [
        row for row in found.dora.restores.rows if row.restored_by and row.restored_by.kind is RolloutKind.ROLLBACK
    ]
    assert len(restored) == 2
    assert all(row.failed.state == "rolled_back" for row in restored)


def test_the_example_of_the_docs_is_this_month() -> None:
    found, _ = _found()
    page = markdown_page(found, BERLIN, "Europe/Berlin").splitlines()
    example = (ROOT / "docs/reports.md").read_text().partition("```markdown\n")[2].partition("```")[0].splitlines()
    tables = [line for line in example if line.startswith("|")]
    assert len(tables) > 20
    assert [line for line in tables if line not in page] == []
