"""A rollout as the trail tells it: folded from its events, whatever their order and however often they came.

Only the engine's events decide where a run is. What a build or a host says counts when it comes from the very build
that the engine started for the run; until the engine has named that build, it is kept aside.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pointsman.core.codebuild import log_link
from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.rollout_view import Failure, Gaps, Hosts, OutsideBuild, RolloutView, TargetView
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


def fold(events: Iterable[TrailEvent]) -> RolloutView | None:
    """The view of one rollout's partition; None when its start is not in it."""
    story = _Story()
    for event in events:
        story.take(event)
    return story.tell()


@dataclass
class _RunStory:
    """What the trail says of one attempt on one target."""

    waited: RunWaited | None = None
    delayed: RunDelayed | None = None
    started: RunStarted | None = None
    ended: RunEnded | None = None
    reports: list[BuildReported] = field(default_factory=list)
    parts: dict[tuple[str, str], dict[int, HostResultRecorded]] = field(default_factory=dict)  # by build and host
    playbooks: dict[str, PlaybookEnded] = field(default_factory=dict)  # by build

    @property
    def known_to_engine(self) -> bool:
        return bool(self.waited or self.delayed or self.started or self.ended)

    @property
    def build(self) -> str | None:
        if self.started:
            return self.started.build_arn
        return self.ended.build_arn if self.ended else None

    def tell(self, target: str, attempt: int) -> TargetView:
        reports = sorted(
            (each for each in self.reports if each.build_arn == self.build), key=lambda it: (it.at, it.key)
        )
        hosts = [_in_order(parts) for (build, _), parts in sorted(self.parts.items()) if build == self.build]
        links = (self.ended, *reversed(reports), self.started)
        return TargetView(
            name=target,
            state=self._state(),
            attempt=attempt,
            blocked_by=self.waited.blocked_by if self.waited and self._state() is RunState.WAITING else None,
            reason=self._reason(),
            log_url=_first_link(each.log_url for each in links if each),
            duration_seconds=self.ended.duration_seconds if self.ended else None,
            hosts=_counted(hosts),
            failures=tuple(failure for parts in hosts for failure in _failures(parts)),
            gaps=self._gaps(),
            idle=bool(hosts) and not any(any(parts[-1].counts.model_dump().values()) for parts in hosts),
        )

    def _gaps(self) -> Gaps:
        """What is missing of the results, as Ansible reported at its end, if it did."""
        if self.ended is None or self.build is None:
            return Gaps()
        end = self.playbooks.get(self.build)
        if end is None:
            return Gaps(unreported=True)
        total = max(end.hosts_cut_off_total, len(end.hosts_cut_off))
        return Gaps(cut_off=end.hosts_cut_off, cut_off_total=total, missing=end.results_missing)

    def outside(self, target: str) -> Iterator[OutsideBuild]:
        """The builds that somebody started past the engine."""
        events = [*self.reports, *(part for parts in self.parts.values() for part in parts.values())]
        events += self.playbooks.values()
        people = {event.build_arn: event.started_by for event in events if event.started_by}
        for build, person in sorted(people.items()):
            if build == self.build:
                continue
            hosts = [_in_order(parts) for (arn, _), parts in sorted(self.parts.items()) if arn == build]
            yield OutsideBuild(
                target=target,
                started_by=person,
                hosts=_counted(hosts),
                failures=tuple(failure for parts in hosts for failure in _failures(parts)),
                log_url=_first_link(each.log_url for each in self.reports if each.build_arn == build),
            )

    def _reason(self) -> str:
        """Why it ended; where Ansible failed it knows better than CodeBuild, which has an exit status."""
        if self.ended is None:
            return self.delayed.reason if self.delayed and not self.started else ""
        playbook = self.playbooks.get(self.build or "")
        if playbook is None or not playbook.reason:
            return self.ended.reason
        if self.ended.state is RunState.FAILED:
            return playbook.reason
        return "; ".join(each for each in (self.ended.reason, playbook.reason) if each)

    def _state(self) -> RunState:
        if self.ended:
            return self.ended.state
        if self.started:
            return RunState.RUNNING
        return RunState.WAITING if self.waited and not self.delayed else RunState.STARTING


@dataclass
class _Story:
    """Everything the trail says of one rollout, sorted by what it is about."""

    start: RolloutStarted | None = None
    repeats: list[RolloutRepeated] = field(default_factory=list)
    ends: list[RolloutEnded] = field(default_factory=list)
    runs: dict[tuple[str, int], _RunStory] = field(default_factory=dict)

    def take(self, event: TrailEvent) -> None:
        match event:
            case RolloutStarted():
                self.start = event
            case RolloutRepeated():
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
                self._take_of_run(event)
            case _:
                pass  # a delivery or a rejected event has a partition of its own

    def _take_of_run(
        self,
        event: RunWaited | RunDelayed | RunStarted | RunEnded | BuildReported | HostResultRecorded | PlaybookEnded,
    ) -> None:
        run = self.runs.setdefault((event.target, event.attempt), _RunStory())
        match event:
            case RunWaited():
                run.waited = event
            case RunDelayed():
                run.delayed = event
            case RunStarted():
                run.started = event
            case RunEnded():
                run.ended = event
            case BuildReported():
                run.reports.append(event)
            case HostResultRecorded():
                run.parts.setdefault((event.build_arn, event.host), {})[event.part] = event
            case PlaybookEnded():
                run.playbooks[event.build_arn] = event

    def tell(self) -> RolloutView | None:
        start = self.start
        if start is None:
            return None
        attempts = self._attempts(start.targets)
        nothing = _RunStory()
        targets = tuple(self.runs.get(key, nothing).tell(*key) for key in attempts.items())
        end = self._end(targets)
        repeats = self._repeats()
        return RolloutView(
            rollout=start.rollout or "",
            route=start.route or "",
            mode=start.mode,
            change=start.change,
            state=end.state if end else RolloutState.OPEN,
            targets=targets,
            duration_seconds=_seconds(start.at, end.at) if end else None,
            repeated=repeats[-1].reason if repeats else None,
            round=end.round if end else 1,
            requested_at=max([start.at, *(repeat.at for repeat in repeats if repeat.retried)]),
            outside=tuple(build for key in sorted(self.runs) for build in self.runs[key].outside(key[0])),
        )

    def _repeats(self) -> list[RolloutRepeated]:
        return sorted(self.repeats, key=lambda it: (it.at, it.key))

    def _attempts(self, targets: Iterable[str]) -> dict[str, int]:
        """The newest attempt on each target. Events from outside never open one: a build could name any number."""
        newest = dict.fromkeys(targets, 1)
        for repeat in self._repeats():
            for target in repeat.retried:  # one that joined the route since has its first
                newest[target] = newest.get(target, 0) + 1
        for target, attempt in sorted(self.runs):
            if self.runs[target, attempt].known_to_engine:
                newest[target] = max(newest.get(target, 1), attempt)
        return newest

    def _end(self, targets: tuple[TargetView, ...]) -> RolloutEnded | None:
        """The end of the newest round, once nothing has been asked for since."""
        last = max(self.ends, key=lambda it: it.round, default=None)
        if last is None or not all(target.state.ended for target in targets):
            return None
        reopened = any(repeat.retried and repeat.at > last.at for repeat in self.repeats)
        return None if reopened else last


def _first_link(urls: Iterable[str | None]) -> str | None:
    return next((link for url in urls if (link := log_link(url))), None)


def _counted(hosts: list[list[HostResultRecorded]]) -> Hosts:
    """Hosts by the status that the last part of each has: it is that of all."""
    statuses = [parts[-1].status for parts in hosts]
    return Hosts(*(statuses.count(status) for status in ("ok", "changed", "failed", "unreachable")))


def _in_order(parts: dict[int, HostResultRecorded]) -> list[HostResultRecorded]:
    return [event for _, event in sorted(parts.items())]


def _failures(parts: list[HostResultRecorded]) -> tuple[Failure, ...]:
    """What went wrong on a host: not what a rescue made good, or the play was told to ignore."""
    tasks = (task for part in parts for task in part.tasks)
    bad = (task for task in tasks if task.status != "changed" and not task.ignored and not task.rescued)
    host, status = parts[-1].host, parts[-1].status
    failed = tuple(_failure(host, task) for task in bad)
    if failed or status not in ("failed", "unreachable"):
        return failed
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
