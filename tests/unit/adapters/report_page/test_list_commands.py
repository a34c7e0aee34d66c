"""The commands that a list of a report names when a page has no room for all of its rows."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from pointsman.adapters.report_page.sections import ReportSection, sections
from pointsman.core.index.entry import EventKey, IndexEntry
from pointsman.core.index.search import search
from pointsman.core.model import Mode
from pointsman.core.report.build import report_of
from pointsman.core.report.records import records
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import ChangeRow, EventRow, RestoreRow, RunRow
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsmanctl.stack.conditions import Conditions
from tests.support.report_histories import KOFI, MADE_AT, NOVEMBER, Rollout, at, rollout_id
from tests.support.report_month import indexed

_ERRATUM = ErratumRecorded(
    at=at(20),
    actor=KOFI,
    erratum="e-1",
    reason="a token",
    item_partition="ROLLOUT#r-1",
    item_key="RolloutStarted",
    fields=("change.title",),
    sha256_before="0" * 64,
    sha256_after="1" * 64,
)


def a_busy_month() -> list[Any]:
    """Changes and checks by turns, failures before the month, one that a person rolled back, and one that waits."""
    changes = [Rollout(number, number) for number in range(1, 13)]
    checks = [Rollout(100 + number, number, mode=Mode.CHECK, pull_request=True) for number in range(1, 25)]
    before, waits = Rollout(60, -3), Rollout(61, -1)
    events = [before.whole("failed"), [waits.pushed(), waits.start, waits.approved(hours=72)]]
    events += [each.whole("failed" if each.number % 3 == 0 else "succeeded") for each in changes]
    events += [each.whole("failed" if each.number % 4 == 0 else "succeeded", hours=3) for each in checks]
    events += [[changes[0].retried(), changes[1].rolled_back(), changes[0].end(hours=4, number=2)]]
    return [*(one for each in events for one in each), _ERRATUM]


EVENTS = {EventKey.of(each): each for each in a_busy_month()}
INDEX = indexed(list(EVENTS.values()))


def lists(span: TimeSpan = NOVEMBER, made_at: datetime = MADE_AT) -> list[tuple[ReportSection, set[Any]]]:
    """Each list with what `pointsman audit` shows of it by the commands that it names."""
    found = records(INDEX, lambda places: {each: EVENTS[each] for each in places}, span)
    report = report_of(found, span, made_at)
    return [
        (each, {key for command in each.commands(span, report.events) for key in shown_by(command)})
        for each in sections(report)
    ]


def shown_by(command: str) -> set[Any]:
    words = command.removeprefix("pointsman audit ").split()
    given: dict[str, list[str]] = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        given.setdefault(option, []).append(value)
    [since], [until], [limit] = (given[option] for option in ("--since", "--until", "--limit"))
    outcomes, types = (tuple(given.get(option, ())) for option in ("--outcome", "--type"))
    query = Conditions(outcome=outcomes, type=types, since=since, until=until).query(MADE_AT)
    found = search(INDEX, lambda partition, key: EVENTS.get(EventKey(partition=partition, key=key)), query)
    return {key for each in islice(found, int(limit)) for key in keys_of(each.entry)}


def keys_of(entry: IndexEntry) -> list[Any]:
    return [entry.rollout, (entry.rollout, entry.target), (entry.type, entry.at)]


def key_of(row: ChangeRow | RunRow | EventRow | RestoreRow) -> Any:
    match row:
        case RestoreRow():
            return row.failed.rollout
        case RunRow():
            return row.rollout, row.target
        case EventRow():
            return row.type, row.at
        case ChangeRow():
            return row.rollout


@pytest.mark.parametrize("section", [each.id for each, _ in lists()])
def test_the_commands_show_every_row(section: str) -> None:
    [(found, shown)] = [each for each in lists() if each[0].id == section]
    assert {key_of(row) for row in found.listing.rows} <= shown


def test_the_lists_have_rows_to_look_for() -> None:
    rows = {each.id: each.listing.total for each, _ in lists()}
    assert {name for name, total in rows.items() if not total} == {"overrides", "drift", "instances"}
    assert rows["notes"] > 1


def test_the_last_seconds_of_a_time_are_shown() -> None:
    end = datetime(2026, 11, 12, 13, 0, 1, 5, tzinfo=UTC)
    span = TimeSpan(end - timedelta(days=7), end, UTC)
    [(changes, shown)] = [each for each in lists(span, end) if each[0].id == "changes"]
    assert changes.listing.rows[0].rollout == rollout_id(12)
    assert rollout_id(12) in shown
