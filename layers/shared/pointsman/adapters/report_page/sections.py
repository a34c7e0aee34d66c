"""The lists of a report: what each has, and which command shows what a page has no room for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport, Listing

_RUN_FAILURES: Final = "--outcome failed --outcome stopped --outcome timed_out --outcome faulted --outcome refused"


@dataclass(frozen=True)
class ReportSection:
    """A list behind a figure. `shape`: which columns its rows have."""

    id: str
    title: str
    about: str  # what is in it
    empty: str
    shape: str
    listing: Listing[Any]
    question: str  # options of `pointsman audit` that show it

    def command(self, span: TimeSpan) -> str:
        """The command that shows every row, in the zone of the report."""
        since, until = (span.local(each).isoformat(timespec="minutes") for each in (span.since, span.until))
        return f"pointsman audit {self.question} --since {since} --until {until} --limit {max(self.listing.total, 1)}"


def sections(report: AuditReport) -> Iterator[ReportSection]:
    """Yield the lists in their order."""
    yield ReportSection(
        "changes",
        "Changes",
        "Rollouts that apply a commit and ended in this time: pushes, runs by hand, rollbacks and new instances.",
        "No change ended in this time.",
        "change",
        report.changes,
        "--type RolloutEnded",
    )
    yield ReportSection(
        "unfinished",
        "Not finished",
        "Rollouts that had not ended by the end of this time. A change counts in the time in which it ends.",
        "Every rollout had ended.",
        "change",
        report.unfinished,
        "--type RolloutStarted",
    )
    yield ReportSection(
        "deliveries",
        "Pushes and pull requests",
        "What GitHub delivered, and what was decided: how many routes run, or why none does.",
        "GitHub delivered nothing.",
        "event",
        report.deliveries,
        "--type DeliveryDecided",
    )
    yield from _failures(report)
    yield from _decisions(report)
    yield from _state(report)


def _failures(report: AuditReport) -> Iterator[ReportSection]:
    yield ReportSection(
        "failures",
        "Failed changes",
        "Changes that failed or were rolled back in this time, also if they succeeded later.",
        "No change failed.",
        "change",
        report.failures,
        "--type RolloutEnded --outcome failed --outcome rolled_back",
    )
    yield ReportSection(
        "failed-runs",
        "Failed runs",
        "Runs on one target that failed, timed out, were stopped or refused, in changes and in checks.",
        "No run failed.",
        "run",
        report.failed_runs,
        f"--type RunEnded {_RUN_FAILURES}",
    )
    yield ReportSection(
        "restores",
        "Time to restore",
        "Deployments that failed, and what restored their route: a rollback, or the next success. Those of up to "
        "31 days before are here, too, if nothing had restored them when this time began.",
        "No deployment failed or was restored.",
        "restore",
        report.dora.restores,
        "--type RolloutEnded --outcome failed --outcome rolled_back",
    )
    yield ReportSection(
        "lead-times",
        "Lead times",
        "Deployments of a push that succeeded, with the time from GitHub's delivery to the end of the rollout.",
        "No deployment of a push succeeded.",
        "brief",
        report.dora.lead_times,
        "--type RolloutEnded --outcome succeeded",
    )
    yield ReportSection(
        "deployments",
        "Deployments",
        "Changes by push or by hand of which a build ran, and that ended as succeeded, failed or rolled back.",
        "Nothing was deployed.",
        "brief",
        report.dora.deployments,
        "--type RolloutEnded",
    )


def _decisions(report: AuditReport) -> Iterator[ReportSection]:
    yield ReportSection(
        "approvals",
        "Approvals",
        "What people approved or rejected at the gates between waves.",
        "Nobody approved or rejected anything.",
        "event",
        report.approvals,
        "--type RolloutApproved --type RolloutRejected",
    )
    yield ReportSection(
        "overrides",
        "Overrides",
        "What people allowed to run in a freeze. The rollback of a route after a failure is among the rollbacks.",
        "Nobody let anything run in a freeze.",
        "event",
        report.overrides,
        "--outcome overridden",
    )
    yield ReportSection(
        "rollbacks",
        "Rollbacks",
        "Rollouts whose targets went back to what had succeeded there before.",
        "Nothing was rolled back.",
        "event",
        report.rollbacks,
        "--type RolloutRolledBack",
    )
    yield ReportSection(
        "commands",
        "Other commands of people",
        "Rollouts that people cancelled, held, resumed, retried or requested; freezes; commands that were refused.",
        "Nobody sent another command.",
        "event",
        report.commands,
        "--outcome cancelled --outcome held --outcome resumed --outcome retried --outcome requested --outcome frozen "
        "--outcome unfrozen --outcome command_refused",
    )


def _state(report: AuditReport) -> Iterator[ReportSection]:
    yield ReportSection(
        "drift",
        "Drift",
        "Hosts that began to differ from the last commit applied there, or whose differences changed or ended.",
        "No check found drift.",
        "event",
        report.drift,
        "--type DriftDetected --type DriftResolved",
    )
    yield ReportSection(
        "checks",
        "Checks",
        "Rollouts that change nothing: pull requests and drift checks. They are no changes and no deployments.",
        "Nothing was checked.",
        "change",
        report.checks,
        "--type RolloutEnded",
    )
    yield ReportSection(
        "instances",
        "New instances",
        "EC2 instances that came up, or that got no run of their own.",
        "No instance came up.",
        "event",
        report.instances,
        "--type InstanceDecided --type InstancesSkipped",
    )
    yield ReportSection(
        "runs",
        "Runs and their builds",
        "Every run with a build that ended in this time, checks included. The minutes are those that AWS bills.",
        "No build ran.",
        "run",
        report.runs,
        "--type RunEnded",
    )
    yield ReportSection(
        "notes",
        "About the trail",
        "Builds that people started beside Pointsman, rejected events, missing results, and corrections of the trail.",
        "Nothing to note.",
        "event",
        report.notes,
        "--outcome outside --outcome event_rejected --outcome results_missing",
    )
