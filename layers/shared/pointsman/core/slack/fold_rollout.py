"""Fold the trail's events of one rollout into its view, whatever their order and however often they arrive.

Only the engine's events decide the state of a run. Events of a build or a host count if they come from the build that
the engine started for the run; they are kept until the engine has named that build.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pointsman.core.codebuild import log_link
from pointsman.core.identity import principal_name
from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.rollout_view import Failure, Gaps, HostsByStatus, OutsideBuild, RolloutView, TargetView
from pointsman.core.trail.command_events import RolloutCancelled, RolloutRetried
from pointsman.core.trail.events import (
    BuildReported,
    HostResultRecorded,
    PlaybookEnded,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
    RunDelayed,
    RunEnded,
    RunStarted,
    RunWaited,
    TrailEvent,
)
from pointsman.core.trail.host_values import TaskResult

_FAILED = ("failed", "unreachable")
_STATUSES = ("ok", "changed", *_FAILED)  # in the order of HostsByStatus

type _RunEvent = RunWaited | RunDelayed | RunStarted | RunEnded | BuildReported | HostResultRecorded | PlaybookEnded


def fold(events: Iterable[TrailEvent]) -> RolloutView | None:
    """Return the view of one rollout's partition, or None when it has no RolloutStarted."""
    rollout_events = _RolloutEvents()
    for event in events:
        rollout_events.add(event)
    return rollout_events.view()


@dataclass
class _RunEvents:
    """The events of one attempt on one target."""

    waited: RunWaited | None = None
    delayed: RunDelayed | None = None
    started: RunStarted | None = None
    ended: RunEnded | None = None
    reports: list[BuildReported] = field(default_factory=list)
    parts: dict[tuple[str, str], dict[int, HostResultRecorded]] = field(default_factory=dict)  # by build and host
    playbooks: dict[str, PlaybookEnded] = field(default_factory=dict)  # by build

    def add(self, event: _RunEvent) -> None:
        match event:
            case RunWaited():
                self.waited = event
            case RunDelayed():
                self.delayed = event
            case RunStarted():
                self.started = event
            case RunEnded():
                self.ended = event
            case BuildReported():
                self.reports.append(event)
            case HostResultRecorded():
                self.parts.setdefault((event.build_arn, event.host), {})[event.part] = event
            case PlaybookEnded():
                self.playbooks[event.build_arn] = event

    @property
    def is_from_engine(self) -> bool:
        """Whether the engine itself wrote an event of this attempt."""
        return bool(self.waited or self.delayed or self.started or self.ended)

    @property
    def build(self) -> str | None:
        if self.started:
            return self.started.build_arn
        return self.ended.build_arn if self.ended else None

    def view(self, target: str, attempt: int) -> TargetView:
        reports = sorted(
            (report for report in self.reports if report.build_arn == self.build), key=lambda it: (it.at, it.key)
        )
        hosts = self._hosts_of(self.build)
        links = (self.ended, *reversed(reports), self.started)
        return TargetView(
            name=target,
            state=self._state(),
            attempt=attempt,
            blocked_by=self.waited.blocked_by if self.waited and self._state() is RunState.WAITING else None,
            reason=self._reason(),
            log_url=_first_link(event.log_url for event in links if event),
            duration_seconds=self.ended.duration_seconds if self.ended else None,
            hosts=_by_status(hosts),
            failures=tuple(failure for parts in hosts for failure in _failures(parts)),
            gaps=self._gaps(),
            nothing_to_do=bool(hosts) and not any(any(parts[-1].counts.to_dict().values()) for parts in hosts),
        )

    def outside_builds(self, target: str) -> Iterator[OutsideBuild]:
        """The builds that somebody started outside Pointsman."""
        events = [*self.reports, *(part for parts in self.parts.values() for part in parts.values())]
        events += self.playbooks.values()
        people = {event.build_arn: event.started_by for event in events if event.started_by}
        for build, person in sorted(people.items()):
            if build == self.build:
                continue
            hosts = self._hosts_of(build)
            yield OutsideBuild(
                target=target,
                started_by=person,
                hosts=_by_status(hosts),
                failures=tuple(failure for parts in hosts for failure in _failures(parts)),
                log_url=_first_link(report.log_url for report in self.reports if report.build_arn == build),
            )

    def _hosts_of(self, build: str | None) -> list[list[HostResultRecorded]]:
        """For each host of a build, the parts of its result in their order."""
        return [
            [event for _, event in sorted(parts.items())]
            for (arn, _), parts in sorted(self.parts.items())
            if arn == build
        ]

    def _gaps(self) -> Gaps:
        """What is missing from the results, as Ansible reported when it finished, if it did."""
        if self.ended is None or self.build is None:
            return Gaps()
        end = self.playbooks.get(self.build)
        if end is None:
            return Gaps(unreported=True)
        total = max(end.hosts_cut_off_total, len(end.hosts_cut_off))
        return Gaps(cut_off=end.hosts_cut_off, cut_off_total=total, missing=end.results_missing)

    def _reason(self) -> str:
        """Why the run ended. Of a failure Ansible knows more than CodeBuild, which has only an exit status."""
        if self.ended is None:
            return self.delayed.reason if self.delayed and not self.started else ""
        playbook = self.playbooks.get(self.build or "")
        if playbook is None or not playbook.reason:
            return self.ended.reason
        if self.ended.state is RunState.FAILED:
            return playbook.reason
        return "; ".join(reason for reason in (self.ended.reason, playbook.reason) if reason)

    def _state(self) -> RunState:
        if self.ended:
            return self.ended.state
        if self.started:
            return RunState.RUNNING
        return RunState.WAITING if self.waited and not self.delayed else RunState.STARTING


@dataclass
class _RolloutEvents:
    """All events of one rollout, sorted by what they are about."""

    start: RolloutStarted | None = None
    repeats: list[RolloutRepeated | RolloutRetried] = field(default_factory=list)
    commands: list[RolloutCancelled | RolloutRetried] = field(default_factory=list)
    ends: list[RolloutEnded] = field(default_factory=list)
    runs: dict[tuple[str, int], _RunEvents] = field(default_factory=dict)

    def add(self, event: TrailEvent) -> None:
        match event:
            case RolloutStarted():
                self.start = event
            case RolloutRepeated():
                self.repeats.append(event)
            case RolloutCancelled():
                self.commands.append(event)
            case RolloutRetried():
                self.commands.append(event)
                self.repeats.append(event)
            case RolloutEnded():
                self.ends.append(event)
            case (
                RunWaited()
                | RunDelayed()
                | RunStarted()
                | RunEnded()
                | BuildReported()
                | HostResultRecorded()
                | PlaybookEnded()
            ):
                self.runs.setdefault((event.target, event.attempt), _RunEvents()).add(event)
            case _:
                pass  # refused commands; deliveries and rejected events are in other partitions

    def view(self) -> RolloutView | None:
        start = self.start
        if start is None:
            return None
        attempts = self._attempts(start.targets)
        no_events = _RunEvents()
        targets = tuple(self.runs.get(key, no_events).view(*key) for key in attempts.items())
        end = self._end(targets)
        redeliveries = [repeat for repeat in self._repeats() if isinstance(repeat, RolloutRepeated)]
        return RolloutView(
            rollout=start.rollout or "",
            route=start.route or "",
            mode=start.mode,
            change=start.change,
            state=end.state if end else RolloutState.OPEN,
            targets=targets,
            duration_seconds=_seconds(start.at, end.at) if end else None,
            repeat_reason=redeliveries[-1].reason if redeliveries else None,
            command=self._command(),
            round=end.round if end else 1,
            requested_at=max([start.at, *(repeat.at for repeat in self.repeats if repeat.retried)]),
            request=start.request,
            outside_builds=tuple(build for key in sorted(self.runs) for build in self.runs[key].outside_builds(key[0])),
        )

    def _command(self) -> str | None:
        """What the newest command had done, and who sent it."""
        newest = max(self.commands, key=lambda it: (it.at, it.key), default=None)
        if newest is None or any(repeat.retried and repeat.at > newest.at for repeat in self.repeats):
            return None  # or the commit was pushed again since
        done = "cancelled" if isinstance(newest, RolloutCancelled) else "retried"
        return f"{done} by {principal_name(newest.actor or '')}" + (f": {newest.reason}" if newest.reason else "")

    def _repeats(self) -> list[RolloutRepeated | RolloutRetried]:
        return sorted(self.repeats, key=lambda it: (it.at, it.key))

    def _attempts(self, targets: Iterable[str]) -> dict[str, int]:
        """The newest attempt on each target. Only the engine opens one: a build could name any number."""
        newest = dict.fromkeys(targets, 1)
        for repeat in self._repeats():
            for target in repeat.retried:  # a target that joined the route later has its first attempt here
                newest[target] = newest.get(target, 0) + 1
        for target, attempt in sorted(self.runs):
            if self.runs[target, attempt].is_from_engine:
                newest[target] = max(newest.get(target, 1), attempt)
        return newest

    def _end(self, targets: tuple[TargetView, ...]) -> RolloutEnded | None:
        """The end of the newest round; None while a target runs or when something was retried after it."""
        last = max(self.ends, key=lambda it: it.round, default=None)
        if last is None or not all(target.state.ended for target in targets):
            return None
        reopened = any(repeat.retried and repeat.at > last.at for repeat in self.repeats)
        return None if reopened else last


def _first_link(urls: Iterable[str | None]) -> str | None:
    return next((link for url in urls if (link := log_link(url))), None)


def _by_status(hosts: list[list[HostResultRecorded]]) -> HostsByStatus:
    """Count the hosts by the status of their last part, which is that of the whole result."""
    statuses = [_known_status(parts[-1]) for parts in hosts]
    return HostsByStatus(*(statuses.count(status) for status in _STATUSES))


def _known_status(result: HostResultRecorded) -> str:
    """The host's status or, if a newer runner has sent another one, the status that its counts show."""
    return result.status if result.status in _STATUSES else result.counts.status


def _failures(parts: list[HostResultRecorded]) -> tuple[Failure, ...]:
    """What went wrong on a host, without failures that were rescued or ignored."""
    tasks = (task for part in parts for task in part.tasks)
    failed = (task for task in tasks if task.status in _FAILED and not task.ignored and not task.rescued)
    host, status = parts[-1].host, _known_status(parts[-1])
    failures = tuple(_failure(host, task) for task in failed)
    if failures or status not in _FAILED:
        return failures
    return (Failure(host=host, status=status),)


def _failure(host: str, task: TaskResult) -> Failure:
    return Failure(
        host=host,
        status=task.status,
        task=task.name,
        path=task.path,
        message=task.message,
        for_host=task.on_behalf_of,
        ran_on=task.delegated_to,
    )


def _seconds(start: datetime, end: datetime) -> float:
    return max((end - start).total_seconds(), 0.0)
