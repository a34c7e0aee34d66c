"""What Slack needs to know of one target of a rollout, kept up to date by the trail's events.

Any order of the events gives the same summary, and an event may come again: each one sets values of its own. Only the
engine's events decide the state of a run. Events of a build or a host count if they come from the build that the engine
started for the run; they are kept until the engine has named that build.

A new event of a run is added to `note_of_run`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from pointsman.core.codebuild import ended_before_ansible, log_link
from pointsman.core.model import RunState
from pointsman.core.slack.rollout_view import (
    STATUSES,
    Failure,
    Gaps,
    HostsByStatus,
    OutsideBuild,
    TargetView,
    is_failed,
)
from pointsman.core.slack.text import shown_start
from pointsman.core.trail.command_events import RolloutRetried
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import (
    BuildReported,
    HostResultRecorded,
    PlaybookEnded,
    RolloutRepeated,
    RunDelayed,
    RunEnded,
    RunStarted,
    RunWaited,
)

MAX_ATTEMPTS = 5  # the newest on a target; of earlier ones nothing is shown but builds that somebody started
MAX_BUILDS = 10  # of an attempt: one is the engine's, the others somebody's
MAX_FAILURES = 4  # of a build, with their texts: one more than a message lists
MAX_HOSTS = 5  # named as missing
TEXT = 400  # characters of a text that a message shows


class Compact(msgspec.Struct, omit_defaults=True):
    """Base of what is stored in short."""


class HostSummary(msgspec.Struct, array_like=True):
    """A host's result, which comes in parts. `status` is that of the newest part."""

    part: int
    status: str
    is_idle: bool  # no task ran
    failures: dict[int, int]  # number of tasks that failed, by part

    @property
    def number_of_failures(self) -> int:
        """Tasks that failed, or 1 for a host that failed without one."""
        return sum(self.failures.values()) or int(is_failed(self.status))


class KeptFailure(msgspec.Struct, array_like=True, order=True):
    """A failed task, by its place in the results of a build."""

    host: str
    part: int
    number: int
    failure: Failure


class PlaybookSummary(Compact):
    """How Ansible ended."""

    reason: str = ""
    cut_off: tuple[str, ...] = ()
    cut_off_total: int = 0
    missing: tuple[str, ...] = ()
    missing_total: int = 0
    incomplete: bool = False


class BuildSummary(Compact):
    """What a build and its hosts reported."""

    log: tuple[datetime, str, str] | None = None  # newest report with a link: its time, key and link
    started_by: str | None = None
    playbook: PlaybookSummary | None = None
    hosts: dict[str, HostSummary] = msgspec.field(default_factory=dict)
    failures: list[KeptFailure] = msgspec.field(default_factory=list)  # the first

    @property
    def hosts_by_status(self) -> HostsByStatus:
        """The number of hosts in each status."""
        statuses = [host.status for host in self.hosts.values()]
        return HostsByStatus(*(statuses.count(status) for status in STATUSES))

    @property
    def failures_total(self) -> int:
        """Every failure, also those that are not kept."""
        return sum(host.number_of_failures for host in self.hosts.values())

    def first_failures(self) -> tuple[Failure, ...]:
        """The first failures in the order of the hosts."""
        found: list[Failure] = []
        for name, host in sorted(self.hosts.items()):
            if host.failures:
                found += [kept.failure for kept in self.failures if kept.host == name]
            elif is_failed(host.status):
                found.append(Failure(host=name, status=host.status))
            if len(found) >= MAX_FAILURES:
                break
        return tuple(found[:MAX_FAILURES])


class StartSummary(Compact):
    """The build that the engine started."""

    build: str
    log_url: str | None = None


class EndSummary(Compact):
    """How a run ended."""

    state: RunState
    reason: str = ""
    build: str | None = None
    log_url: str | None = None
    duration_seconds: float | None = None


class RunSummary(Compact):
    """One attempt on one target."""

    blocked_by: str | None = None  # it waited
    delayed: str | None = None  # why
    started: StartSummary | None = None
    ended: EndSummary | None = None
    builds: dict[str, BuildSummary] = msgspec.field(default_factory=dict)  # by ARN

    @property
    def is_from_engine(self) -> bool:
        """Whether the engine itself wrote an event of this attempt."""
        return not (self.blocked_by is None and self.delayed is None and self.started is None and self.ended is None)

    @property
    def state(self) -> RunState:
        """Where the run is."""
        if self.ended:
            return self.ended.state
        if self.started:
            return RunState.RUNNING
        return RunState.WAITING if self.blocked_by is not None and self.delayed is None else RunState.STARTING

    @property
    def build(self) -> str | None:
        """The engine's build."""
        if self.started:
            return self.started.build
        return self.ended.build if self.ended else None

    @property
    def own_build(self) -> BuildSummary:
        """What the engine's build reported."""
        return self.builds.get(self.build or "") or BuildSummary()


class TargetSummary(Compact):
    """One target of a rollout, with its newest attempts."""

    name: str
    position: int  # in the rollout; those behind the first hundred share one
    is_original: bool = True  # the rollout began with it; others joined the route later
    repeats: list[str] = msgspec.field(default_factory=list)  # keys of the events that had its run repeated
    runs: dict[int, RunSummary] = msgspec.field(default_factory=dict)  # by attempt

    @property
    def is_member(self) -> bool:
        """Whether the engine has the target. A build could name any."""
        return self.is_original or bool(self.repeats) or any(run.is_from_engine for run in self.runs.values())

    @property
    def attempt(self) -> int:
        """The newest attempt. Only the engine opens one: a build could name any number."""
        opened = int(self.is_original) + len(self.repeats)
        return max([opened, 1, *(number for number, run in self.runs.items() if run.is_from_engine)])

    @property
    def run(self) -> RunSummary:
        """The newest attempt's run."""
        return self.runs.get(self.attempt) or RunSummary()

    def view(self) -> TargetView:
        """The newest run, as Slack shows it."""
        run, build = self.run, self.run.own_build
        return TargetView(
            name=self.name,
            state=run.state,
            attempt=self.attempt,
            blocked_by=run.blocked_by if run.state is RunState.WAITING else None,
            reason=_reason(run, build.playbook),
            log_url=_log_url(run, build),
            duration_seconds=run.ended.duration_seconds if run.ended else None,
            hosts=build.hosts_by_status,
            failures=build.first_failures(),
            failures_total=build.failures_total,
            gaps=_gaps(run, build.playbook),
            nothing_to_do=bool(build.hosts) and all(host.is_idle for host in build.hosts.values()),
        )

    def outside_builds(self) -> Iterator[OutsideBuild]:
        """The builds that somebody started outside Pointsman."""
        for _, run in sorted(self.runs.items()):
            for arn, build in sorted(run.builds.items()):
                if build.started_by and arn != run.build:
                    yield OutsideBuild(
                        target=self.name,
                        started_by=build.started_by,
                        hosts=build.hosts_by_status,
                        failures=build.first_failures(),
                        log_url=build.log[2] if build.log else None,
                    )


def note_on_target(target: TargetSummary, event: Event) -> None:
    """Add what `event` says of this target."""
    match event:
        case RolloutRepeated() | RolloutRetried():
            if event.key not in target.repeats:
                target.repeats.append(event.key)
        case _ if attempt := getattr(event, "attempt", None):
            note_of_run(target.runs.setdefault(attempt, RunSummary()), event)
            for dropped in sorted(target.runs)[:-MAX_ATTEMPTS]:
                del target.runs[dropped]


def note_of_run(run: RunSummary, event: Event) -> None:
    """Add what `event` says of a run. A type that Slack does not show changes nothing."""
    match event:
        case RunWaited():
            run.blocked_by = event.blocked_by
        case RunDelayed():
            run.delayed = shown_start(event.reason, TEXT)
        case RunStarted():
            run.started = StartSummary(event.build_arn, event.log_url)
        case RunEnded():
            reason = shown_start(event.reason, TEXT)
            run.ended = EndSummary(event.state, reason, event.build_arn, event.log_url, event.duration_seconds)
        case BuildReported() | HostResultRecorded() | PlaybookEnded():
            if event.build_arn in run.builds or len(run.builds) < MAX_BUILDS or event.build_arn == run.build:
                _note_of_build(run.builds.setdefault(event.build_arn, BuildSummary()), event)


def _note_of_build(build: BuildSummary, event: BuildReported | HostResultRecorded | PlaybookEnded) -> None:
    build.started_by = event.started_by or build.started_by
    match event:
        case BuildReported():
            link = log_link(event.log_url)
            if link and (build.log is None or (event.at, event.key) > build.log[:2]):
                build.log = (event.at, event.key, link)
        case HostResultRecorded():
            _note_of_host(build, event)
        case PlaybookEnded():
            build.playbook = PlaybookSummary(
                shown_start(event.reason, TEXT),
                event.hosts_cut_off[:MAX_HOSTS],
                max(event.hosts_cut_off_total, len(event.hosts_cut_off)),
                event.results_missing[:MAX_HOSTS],
                event.missing_total,
                bool(event.recording_error),
            )


def _note_of_host(build: BuildSummary, event: HostResultRecorded) -> None:
    host = build.hosts.setdefault(event.host, HostSummary(0, "", True, {}))
    if event.part >= host.part:
        host.part, host.status = event.part, _known_status(event)
        host.is_idle = event.counts.is_idle
    failures = [KeptFailure(event.host, event.part, number, failure) for number, failure in enumerate(_failures(event))]
    host.failures.pop(event.part, None)
    if failures:
        host.failures[event.part] = len(failures)
    others = [kept for kept in build.failures if (kept.host, kept.part) != (event.host, event.part)]
    build.failures = sorted([*others, *failures], key=_place)[:MAX_FAILURES]


def _place(kept: KeptFailure) -> tuple[str, int, int]:
    return kept.host, kept.part, kept.number


def _known_status(result: HostResultRecorded) -> str:
    """The host's status or, if a newer runner has sent another one, the status that its counts show."""
    return result.status if result.status in STATUSES else result.counts.status


def _failures(event: HostResultRecorded) -> Iterable[Failure]:
    """The tasks that failed, without failures that were rescued or ignored."""
    for task in event.tasks:
        if is_failed(task.status) and not task.ignored and not task.rescued:
            yield Failure(
                host=event.host,
                status=task.status,
                task=shown_start(task.title, TEXT),
                path=shown_start(task.path, TEXT),
                message=task.message and shown_start(task.message, TEXT),
                for_host=task.on_behalf_of,
                ran_on=task.delegated_to,
            )


def _log_url(run: RunSummary, build: BuildSummary) -> str | None:
    links = (
        run.ended.log_url if run.ended else None,
        build.log[2] if build.log else None,
        run.started.log_url if run.started else None,
    )
    return next((link for url in links if (link := log_link(url))), None)


def _gaps(run: RunSummary, playbook: PlaybookSummary | None) -> Gaps:
    """What is missing from the results, as Ansible reported when it finished, if it did."""
    if run.ended is None or run.build is None:
        return Gaps()
    if playbook is None:
        return Gaps(unreported=not ended_before_ansible(run.ended.reason))
    return Gaps(
        playbook.cut_off,
        playbook.cut_off_total,
        playbook.missing,
        missing_total=playbook.missing_total,
        incomplete=playbook.incomplete,
    )


def _reason(run: RunSummary, playbook: PlaybookSummary | None) -> str:
    """Why the run ended. Of a failure Ansible knows more than CodeBuild, which has only an exit status."""
    if run.ended is None:
        return run.delayed if run.delayed and not run.started else ""
    if playbook is None or not playbook.reason:
        return run.ended.reason
    if run.ended.state is RunState.FAILED:
        return playbook.reason
    return "; ".join(reason for reason in (run.ended.reason, playbook.reason) if reason)
