"""What drifts, as a table for people: one line per host, and one per target of which something is unknown."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich.text import Text

from pointsman.core.text import format_duration, pluralize
from pointsman.core.trail.drift_events import DriftingTask
from pointsmanctl.output.drift_lines import task_line
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.stack.drift import DriftingHost, DriftReport

EVERY_HOST = "(any)"


def drift_table(reports: Sequence[DriftReport], now: datetime) -> LineTable:
    """Return one line per host, with its tasks below it."""
    lines = (line for report in reports for line in _lines(report, now))
    return LineTable([header("HOST", "TARGET", "ROUTE", "COMMIT", "SINCE", "TASKS"), *lines])


def _lines(report: DriftReport, now: datetime) -> Iterator[Line]:
    record = sanitized(report.record)
    for host in report.hosts:
        cells = _cells(host.name, report, host.drift.since)
        drifts_for = format_duration(max((now - host.drift.since).total_seconds(), 0.0))
        head = Text(f"drifts for {drifts_for}: {pluralize(host.drift.tasks, 'task')} would change it", "yellow")
        yield Line(cells, head, list(_tasks(host)))
    if report.hosts_omitted:
        yield Line(_cells("", report, None), Text(f"{pluralize(report.hosts_omitted, 'more host')}", "yellow"))
    if report.unknown_reason:
        since = record.unknown.since if record.unknown else record.requested_at
        reason = record.unknown.reason if record.unknown else report.unknown_reason
        yield Line(_cells(EVERY_HOST, report, since), Text(f"unknown: {reason}", "bold red"))


def _cells(host: str, report: DriftReport, since: datetime | None) -> tuple[Text, ...]:
    record = report.record
    commit = (record.commit or (record.check.commit if record.check else ""))[:7]
    texts = (host, record.target, record.route, commit, f"{since:%Y-%m-%d %H:%M}" if since else "")
    return tuple(Text(each) for each in texts)


def _tasks(host: DriftingHost) -> Iterable[Text]:
    if host.event is None:
        yield Text("the audit trail does not have its tasks", "dim")
        return
    yield from (task_line(_safe(task)) for task in host.event.tasks)
    if host.event.tasks_omitted:
        yield Text(f"and {pluralize(host.event.tasks_omitted, 'more task')}", "dim")


def _safe(task: DriftingTask) -> DriftingTask:
    return sanitized(task)
