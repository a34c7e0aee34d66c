"""The figures at the top of a page, each with the list behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pointsman.adapters.report_page.words import cost, count, duration, median, per_day, percent, price
from pointsman.core.report.values import AuditReport


@dataclass(frozen=True)
class ReportFigure:
    """A number, what it counts, and the section with the list behind it."""

    number: str
    label: str
    about: str
    section: str
    alert: bool = False  # something that a reader should look at


def figures(report: AuditReport) -> Iterator[ReportFigure]:
    """Yield the figures beside those of DORA."""
    failed, unfinished = report.failures.total, report.unfinished.total
    idle = report.deliveries_without_run
    about = f"{idle:,} of them ran nothing" if idle else "each of them ran something"
    yield ReportFigure(f"{report.deliveries.total:,}", "pushes", about, "deliveries")
    kinds = "by push, by hand, rollbacks, new instances"
    yield ReportFigure(f"{report.changes.total:,}", "changes", kinds, "changes")
    yield ReportFigure(f"{report.hosts_changed:,}", "hosts changed", "each counts once for every change", "changes")
    yield ReportFigure(f"{failed:,}", "failed changes", "failed or rolled back", "failures", alert=failed > 0)
    runs = report.failed_runs.total
    yield ReportFigure(f"{runs:,}", "failed runs", "on one target, checks included", "failed-runs", alert=runs > 0)
    yield ReportFigure(f"{unfinished:,}", "not finished", "at the end of this time", "unfinished", alert=unfinished > 0)
    yield ReportFigure(f"{report.approvals.total:,}", "approvals", "and rejections at gates", "approvals")
    overrides = report.overrides.total
    yield ReportFigure(f"{overrides:,}", "overrides", "of a freeze", "overrides", alert=overrides > 0)
    yield ReportFigure(f"{report.rollbacks.total:,}", "rollbacks", "of rollouts", "rollbacks")
    still = report.still_drifting
    drift = f"{still:,} still drifting at the end"
    yield ReportFigure(f"{report.drifting_hosts:,}", "hosts drifted", drift, "drift", alert=still > 0)
    yield ReportFigure(f"{report.checks.total:,}", "checks", "of pull requests and for drift", "checks")
    unpriced = report.unpriced_minutes
    yield ReportFigure(
        f"{report.minutes:,}", "build minutes", _cost(report), "costs" if report.costs else "runs", alert=unpriced > 0
    )


def _cost(report: AuditReport) -> str:
    found = cost(report.dollars, report.unpriced_minutes)
    if len(report.costs) == 1 and not report.unpriced_minutes:
        return f"{found} at {price(report.costs[0].dollars_a_minute)} a minute"
    return f"{found}; {count(len(report.costs), 'compute type')}" if report.costs else found


def dora_figures(report: AuditReport) -> Iterator[ReportFigure]:
    """Yield the four figures of DORA."""
    dora = report.dora
    total = dora.deployments.total
    days = f"{count(total, 'deployment')} on {dora.days_with_deployments} of {count(dora.days, 'day')}"
    yield ReportFigure(per_day(dora.deployments_a_day), "deployment frequency", days, "deployments")
    lead = dora.lead_time
    about = f"median of {lead.number:,}; 90 % within {duration(lead.p90)}" if lead.number else "no deployment of a push"
    yield ReportFigure(median(lead), "lead time, push to done", about, "lead-times")
    failed = f"{dora.failed.total:,} of {count(total, 'deployment')}"
    yield ReportFigure(
        percent(dora.failure_rate), "change failure rate", failed, "failed-deployments", alert=dora.failed.total > 0
    )
    restore = dora.restore_time
    restored = f"median of {restore.number:,}" if restore.number else "nothing was restored"
    restored += f"; {dora.not_restored:,} not restored yet" if dora.not_restored else ""
    yield ReportFigure(median(restore), "time to restore", restored, "restores", alert=dora.not_restored > 0)
