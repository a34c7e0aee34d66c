"""Results by day, person, region and target."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import (
    BarUnit,
    BuildCost,
    ChangeRow,
    Listing,
    PeriodTally,
    Reference,
    Result,
    ResultTally,
    RunRow,
)

MOST_BARS: Final = 30  # people, regions or targets; the rest is one line
MOST_DAYS: Final = 100  # bars of the chart over time
MOST_BEHIND: Final = 60  # rollouts that a line names
OTHERS: Final = "others"


def unit_of(days: Sequence[date]) -> BarUnit:
    """What a bar stands for, so that a chart has at most some hundred."""
    if len(days) <= MOST_DAYS:
        return BarUnit.DAY
    return BarUnit.WEEK if len(days) <= MOST_DAYS * 7 else BarUnit.MONTH


def by_period(changes: Sequence[ChangeRow], days: Sequence[date], span: TimeSpan) -> tuple[PeriodTally, ...]:
    """The changes of each day, week or month, also of those without one."""
    unit = unit_of(days)
    found: dict[date, list[ChangeRow]] = {_first_day(day, unit): [] for day in days}
    for row in changes:
        found.setdefault(_first_day(span.day(row.at), unit), []).append(row)
    return tuple(
        PeriodTally(**_counts(rows), name=first.isoformat(), first=first, behind=_behind(rows, MOST_BEHIND))
        for first, rows in sorted(found.items())
    )


def _first_day(day: date, unit: BarUnit) -> date:
    if unit is BarUnit.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit is BarUnit.MONTH else day


def by_name[Row: (ChangeRow, RunRow)](rows: Iterable[Row], name_of: Callable[[Row], str]) -> tuple[ResultTally, ...]:
    """The rows of each name, the most frequent names first. The names that have no room are one line."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[name_of(row)].append(row)
    ordered = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    tallies = [
        ResultTally(**_counts(each), name=name, behind=_behind(each, MOST_BEHIND)) for name, each in ordered[:MOST_BARS]
    ]
    rest = [row for _, each in ordered[MOST_BARS:] for row in each]
    if rest:
        tallies.append(
            ResultTally(**_counts(rest), name=f"{len(ordered) - MOST_BARS} {OTHERS}", behind=_behind(rest, 0))
        )
    return tuple(tallies)


def _counts(rows: Sequence[ChangeRow] | Sequence[RunRow]) -> dict[str, Any]:
    counts = {result.value: sum(row.result is result for row in rows) for result in Result}
    runs = [row for row in rows if isinstance(row, RunRow)]
    return {
        **counts,
        "minutes": sum(row.minutes for row in rows),
        "dollars": sum(row.dollars or 0 for row in runs),
        "unpriced_minutes": sum(row.minutes for row in runs if row.dollars is None),
    }


def by_compute(runs: Iterable[RunRow]) -> tuple[BuildCost, ...]:
    """What the builds of each compute type cost, the one with the most minutes first."""
    found: dict[tuple[str | None, str | None], list[RunRow]] = defaultdict(list)
    for row in runs:
        found[row.environment_type, row.compute_type].append(row)
    costs = [
        BuildCost(
            environment_type=environment,
            compute_type=compute,
            builds=len(rows),
            minutes=sum(row.minutes for row in rows),
            dollars_a_minute=rows[0].dollars_a_minute,
        )
        for (environment, compute), rows in found.items()
    ]
    return tuple(sorted(costs, key=lambda each: (-each.minutes, each.environment_type or "", each.compute_type or "")))


def _behind[Row: (ChangeRow, RunRow)](rows: Sequence[Row], limit: int) -> Listing[Reference]:
    """The rollouts of rows, each once."""
    found = {row.rollout: Reference(rollout=row.rollout, commit=row.commit) for row in rows}
    return Listing[Reference](total=len(found), rows=tuple(found.values())[:limit])
