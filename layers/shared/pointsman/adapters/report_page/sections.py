"""The lists of a report: what each has, and which command shows what a page has no room for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pointsman.core.report.earlier import BEFORE
from pointsman.core.report.fold import COMMANDS
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport, Listing

_RUN_FAILURES: Final = ("failed", "stopped", "timed_out", "faulted", "refused")
_FAILED_ENDS: Final = ("failed", "rolled_back")
_COMMANDS: Final = tuple(sorted(COMMANDS))
_MANY: Final = 100_000  # more events than those before this time are


@dataclass(frozen=True)
class ListQuestion:
    """Options of `pointsman audit` that show a list. `looks_back`: the list has what began before this time, too."""

    types: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    looks_back: bool = False

    def command(self, span: TimeSpan, most: int) -> str:
        """The command that shows at most so many events, in the zone of the report."""
        since = span.since - BEFORE if self.looks_back else span.since
        words = [*(f"--type {each}" for each in self.types), *(f"--outcome {each}" for each in self.outcomes)]
        times = f"--since {_written(span.local(since))} --until {_written(span.local(span.until))}"
        return f"pointsman audit {' '.join(words)} {times} --limit {max(most, 1)}"


def _written(moment: datetime) -> str:
    """A time with its offset, to the minute if that is all of it."""
    return moment.isoformat(timespec="auto" if moment.second or moment.microsecond else "minutes")


@dataclass(frozen=True)
class ReportSection:
    """A list behind a figure. `shape`: which columns its rows have."""

    id: str
    title: str
    about: str  # what is in it
    empty: str
    shape: str
    listing: Listing[Any]
    questions: tuple[ListQuestion, ...]

    def commands(self, span: TimeSpan, events: Mapping[str, int]) -> list[str]:
        """The commands that show every row, and some of them other events of the same types, too.

        `events`: how many of each type there are in this time.
        """
        return [each.command(span, self._most(each, events)) for each in self.questions]

    def _most(self, question: ListQuestion, events: Mapping[str, int]) -> int:
        """How many events a question finds at most."""
        if question.looks_back:
            return _MANY
        return sum(events.get(each, 0) for each in question.types) if question.types else self.listing.total


def sections(report: AuditReport) -> Iterator[ReportSection]:
    """Yield the lists in their order."""
    yield ReportSection(
        "changes",
        "Changes",
        "Rollouts that apply a commit and ended in this time: pushes, runs by hand, rollbacks and new instances.",
        "No change ended in this time.",
        "change",
        report.changes,
        (ListQuestion(("RolloutEnded",)),),
    )
    yield ReportSection(
        "unfinished",
        "Not finished",
        "Rollouts that began or had an event in this time, and had not ended by its end. They count when they end.",
        "Every rollout had ended.",
        "change",
        report.unfinished,
        (ListQuestion(("RolloutStarted",), looks_back=True),),
    )
    yield ReportSection(
        "deliveries",
        "Pushes and pull requests",
        "What GitHub delivered, and what was decided: how many routes run, or why none does.",
        "GitHub delivered nothing.",
        "event",
        report.deliveries,
        (ListQuestion(("DeliveryDecided",)),),
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
        (ListQuestion(("RolloutEnded", "RolloutRolledBack"), _FAILED_ENDS),),
    )
    yield ReportSection(
        "failed-runs",
        "Failed runs",
        "Runs on one target that failed, timed out, were stopped or refused, in changes and in checks.",
        "No run failed.",
        "run",
        report.failed_runs,
        (ListQuestion(("RunEnded",), _RUN_FAILURES),),
    )
    yield ReportSection(
        "failed-deployments",
        "Failed deployments",
        "Deployments that failed or were rolled back in this time: those of the change failure rate.",
        "No deployment failed.",
        "brief",
        report.dora.failed,
        (ListQuestion(("RolloutEnded", "RolloutRolledBack"), _FAILED_ENDS),),
    )
    yield ReportSection(
        "restores",
        "Time to restore",
        "Deployments that failed, and what restored their route: a rollback, or the next success. Those of up to "
        "31 days before are here, too, if nothing had restored them when this time began.",
        "No deployment failed or was restored.",
        "restore",
        report.dora.restores,
        (ListQuestion(("RolloutEnded", "RolloutRolledBack"), _FAILED_ENDS, looks_back=True),),
    )
    yield ReportSection(
        "lead-times",
        "Lead times",
        "Deployments of a push that succeeded, with the time from GitHub's delivery to the end of the rollout.",
        "No deployment of a push succeeded.",
        "brief",
        report.dora.lead_times,
        (ListQuestion(("RolloutEnded",), ("succeeded",)),),
    )
    yield ReportSection(
        "deployments",
        "Deployments",
        "Changes by push or by hand of which a build ran, and that ended as succeeded, failed or rolled back.",
        "Nothing was deployed.",
        "brief",
        report.dora.deployments,
        (ListQuestion(("RolloutEnded",)),),
    )


def _decisions(report: AuditReport) -> Iterator[ReportSection]:
    yield ReportSection(
        "approvals",
        "Approvals",
        "What people approved or rejected at the gates between waves.",
        "Nobody approved or rejected anything.",
        "event",
        report.approvals,
        (ListQuestion(("RolloutApproved", "RolloutRejected")),),
    )
    yield ReportSection(
        "overrides",
        "Overrides",
        "What people allowed to run in a freeze. The rollback of a route after a failure is among the rollbacks.",
        "Nobody let anything run in a freeze.",
        "event",
        report.overrides,
        (ListQuestion(outcomes=("overridden",)),),
    )
    yield ReportSection(
        "rollbacks",
        "Rollbacks",
        "Rollouts whose targets went back to what had succeeded there before.",
        "Nothing was rolled back.",
        "event",
        report.rollbacks,
        (ListQuestion(("RolloutRolledBack",)),),
    )
    yield ReportSection(
        "commands",
        "Other commands of people",
        "Rollouts that people cancelled, held, resumed, retried or requested; freezes; commands that were refused.",
        "Nobody sent another command.",
        "event",
        report.commands,
        (ListQuestion(_COMMANDS),),
    )


def _state(report: AuditReport) -> Iterator[ReportSection]:
    yield ReportSection(
        "drift",
        "Drift",
        "Hosts that began to differ from the last commit applied there, or whose differences changed or ended.",
        "No check found drift.",
        "event",
        report.drift,
        (ListQuestion(("DriftDetected", "DriftResolved")),),
    )
    yield ReportSection(
        "checks",
        "Checks",
        "Rollouts that change nothing: pull requests and drift checks. They are no changes and no deployments.",
        "Nothing was checked.",
        "change",
        report.checks,
        (ListQuestion(("RolloutEnded",)),),
    )
    yield ReportSection(
        "instances",
        "New instances",
        "EC2 instances that came up, or that got no run of their own.",
        "No instance came up.",
        "event",
        report.instances,
        (ListQuestion(("InstanceDecided", "InstancesSkipped")),),
    )
    yield ReportSection(
        "runs",
        "Runs and their builds",
        "Every run with a build that ended in this time, checks included. The minutes are those that AWS bills.",
        "No build ran.",
        "run",
        report.runs,
        (ListQuestion(("RunEnded",)),),
    )
    yield ReportSection(
        "notes",
        "About the trail",
        "Builds that people started beside Pointsman, rejected events, missing results, and corrections of the trail.",
        "Nothing to note.",
        "event",
        report.notes,
        (
            ListQuestion(outcomes=("outside", "event_rejected", "results_missing")),
            ListQuestion(("ErratumRecorded", "RawReportRecorded")),
        ),
    )
