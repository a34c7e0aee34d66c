"""From the events of a time to its report. Pure: nothing is read or written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from pointsman.core.identity import ENGINE
from pointsman.core.index.entry import IndexEntry
from pointsman.core.report.dora import dora
from pointsman.core.report.fold import APPROVALS, COMMANDS, DELIVERIES, DRIFT, INSTANCES, NOTES, ROLLBACKS, TrailFold
from pointsman.core.report.price import AT_LIST_PRICES, BuildPrices
from pointsman.core.report.records import TrailRecord
from pointsman.core.report.rows import RowMaker, listing, newest_first, runs_first
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.tallies import by_compute, by_name, by_period, unit_of
from pointsman.core.report.values import AuditReport, ChangeRow, EventRow, Listing, Result, RunRow

MOST_ROWS: Final = 300  # of the list of changes
MOST_OTHER_ROWS: Final = 150  # of each other list
_COMMANDS_AND_DECISIONS: Final = APPROVALS | ROLLBACKS | COMMANDS


def report_of(
    records: Iterable[TrailRecord],
    span: TimeSpan,
    made_at: datetime,
    *,
    rows: int = MOST_ROWS,
    other_rows: int = MOST_OTHER_ROWS,
    prices: BuildPrices = AT_LIST_PRICES,
) -> AuditReport:
    """The report of a time, whose lists have at most `rows` changes and `other_rows` of everything else."""
    fold = TrailFold(span)
    for record in records:
        fold.add(record)
    make = RowMaker(fold, prices)
    ended = newest_first(row for each in fold.histories.values() if (row := make.ended(each)))
    unfinished = newest_first(row for each in fold.histories.values() if (row := make.unfinished(each)))
    changes = [row for row in ended if fold.histories[row.rollout].applies]
    runs = _runs(make)
    built = [row for row in runs if row.minutes]
    applied = [row for row in built if fold.histories[row.rollout].applies]
    days = tuple(span.days(made_at))
    drift = fold.of_types(DRIFT)
    began, remain = _drifting(drift)
    deliveries = fold.of_types(DELIVERIES)

    def events(entries: Iterable[IndexEntry]) -> Listing[EventRow]:
        return listing([make.event(each) for each in entries], other_rows)

    return AuditReport(
        since=span.since,
        until=span.until,
        made_at=made_at,
        month=span.month,
        deliveries=events(deliveries),
        deliveries_without_run=sum(not each.rollouts for each in deliveries),
        changes=listing(changes, rows),
        hosts_changed=sum(row.hosts_changed for row in changes),
        unfinished=listing(unfinished, other_rows),
        failures=listing([row for row in changes if row.failed], other_rows),
        failed_runs=listing([row for row in runs if row.result is Result.FAILED], other_rows),
        approvals=events(fold.of_types(APPROVALS)),
        overrides=events(each for each in fold.of_types(_COMMANDS_AND_DECISIONS) if _is_override(each)),
        rollbacks=events(fold.of_types(ROLLBACKS)),
        commands=events(fold.of_types(COMMANDS)),
        drift=events(drift),
        drifting_hosts=began,
        still_drifting=remain,
        instances=events(fold.of_types(INSTANCES)),
        checks=listing([row for row in ended if not fold.histories[row.rollout].applies], other_rows),
        notes=events(fold.of_types(NOTES)),
        runs=listing(built, other_rows),
        minutes=sum(row.minutes for row in built),
        costs=by_compute(built),
        dora=dora(make, changes, days, other_rows),
        unit=unit_of(days),
        periods=by_period(changes, days, span),
        people=by_name(changes, _person),
        regions=by_name(applied, _region),
        targets=by_name(built, _target),
        events=_of_each_type(fold, runs),
    )


def _of_each_type(fold: TrailFold, runs: Sequence[RunRow]) -> dict[str, int]:
    """How many events there are of the types of the lists."""
    kept = {name: len(found) for name, found in fold.events.items()}
    ends = sum(len(each.ends) for each in fold.histories.values())
    return kept | {"RolloutEnded": ends, "RunEnded": len(runs)}


def _runs(make: RowMaker) -> list[RunRow]:
    """The runs that ended in the time, newest first."""
    return runs_first(
        make.run(history, run)
        for history in make.fold.histories.values()
        for run in history.runs.values()
        if run.at in make.span
    )


def _is_override(entry: IndexEntry) -> bool:
    """Whether a person let something run in a freeze. Older entries say so of the engine's rollbacks, too."""
    return "overridden" in entry.outcomes and entry.actor != ENGINE


def _drifting(entries: Iterable[IndexEntry]) -> tuple[int, int]:
    """How many hosts began to drift, and how many of them still did in the end. `entries` are newest first."""
    newest: dict[tuple[str | None, str | None, str | None], str] = {}
    began = set()
    for entry in entries:
        host = (entry.route, entry.target, entry.host)
        newest.setdefault(host, entry.type)
        if entry.type == "DriftDetected":
            began.add(host)
    return len(began), sum(newest[host] == "DriftDetected" for host in began)


def _person(row: ChangeRow) -> str:
    return row.person


def _region(row: RunRow) -> str:
    return row.target.rpartition("/")[2]


def _target(row: RunRow) -> str:
    return row.target
