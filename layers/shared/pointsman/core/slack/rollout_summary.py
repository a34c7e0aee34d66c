"""What Slack needs to know of a rollout, as counts and a few texts: its size does not depend on the targets.

It is kept up to date by the trail's events, as the summaries of its targets are. An event changes the summaries of the
targets that it names; the counts follow by the difference. `summaries.py` loads and stores them.

A new event of a rollout is added to `_note`; one of a run to `target_summary.note_of_run`.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from pointsman.core.change import Change
from pointsman.core.identity import principal_name
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.run_request import RunRequest
from pointsman.core.slack.rollout_view import (
    MAX_OUTSIDE_BUILDS,
    URGENCY,
    HostsByStatus,
    OutsideBuild,
    RolloutView,
    TargetsInState,
    TargetState,
    TargetView,
)
from pointsman.core.slack.target_summary import TEXT, Compact, TargetSummary, note_on_target
from pointsman.core.slack.text import shown_start
from pointsman.core.slack.wave_summary import WavesSummary, note_of_waves
from pointsman.core.trail.command_events import (
    CommandEvent,
    RolloutApproved,
    RolloutCancelled,
    RolloutHeld,
    RolloutRejected,
    RolloutResumed,
    RolloutRetried,
    RolloutRolledBack,
)
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutEnded, RolloutRepeated, RolloutStarted, RunEvent

# Of what is stored. Raise it when an event is added or a field changes, here or in target_summary.py: a summary of
# another form is made anew from the trail, also while two versions of notify run side by side.
FORM = 3
MAX_NAMED = 100  # targets whose place is known, and that may be listed

type IsOriginal = Callable[[str], bool]


class EventMoment(Compact, order=True):
    """When something was recorded, with the event's key, so that two moments always have an order."""

    at: datetime
    key: str


class CommandSummary(Compact):
    """What a person had done with a rollout."""

    moment: EventMoment
    done: str  # "cancelled", "approved after wave 1"
    actor: str  # ARN of the principal
    reason: str = ""
    login: str | None = None  # of GitHub


class RoundSummary(Compact):
    """The end of a round."""

    number: int
    at: datetime
    state: RolloutState


class RolloutSummary(Compact):
    """One rollout. `epoch` marks the summaries of its targets: those of an earlier epoch are not used any more."""

    rollout: str
    epoch: str
    started_at: datetime
    route: str
    mode: Mode
    change: Change
    request: RunRequest | None = None
    originals: int = 0  # targets with which it began
    first: tuple[str, ...] = ()  # names of the first of them
    untouched: tuple[str, ...] = ()  # those of `first` without a summary of their own
    scope: int = 0  # digest of the names of all its targets, in any order
    touched: int = 0  # of the originals, those with a summary of their own
    counts: dict[str, int] = msgspec.field(default_factory=dict)  # of targets with a summary, by state
    hosts: HostsByStatus = HostsByStatus()
    outside_total: int = 0
    outside: tuple[OutsideBuild, ...] = ()  # the first
    redelivery: EventMoment | None = None
    redelivery_reason: str = ""
    retried_at: datetime | None = None  # when runs were last repeated
    command: CommandSummary | None = None
    end: RoundSummary | None = None
    waves: WavesSummary = msgspec.field(default_factory=WavesSummary)
    form: int = FORM
    cursor: str | None = None  # it is being made anew: the trail was read up to this key
    version: int = 0  # writes so far; 0 means not stored yet

    @property
    def by_state(self) -> dict[RunState, int]:
        """The number of targets in each state."""
        counts = {RunState(state): number for state, number in self.counts.items() if number}
        untouched = self.originals - self.touched
        before_wave = max(self.originals - max(self.touched, self.waves.targets_begun), 0) if self.waves.total else 0
        parts = [(RunState.STARTING, untouched - before_wave), (RunState.WAITING, before_wave)]
        if self._end():
            parts = [(RunState.SKIPPED, untouched + counts.pop(RunState.STARTING, 0))]
        for state, number in parts:
            if number:
                counts[state] = counts.get(state, 0) + number
        return counts

    @property
    def misses_events(self) -> bool:
        """Whether the rollout has ended and a target has not: an event in between did not arrive."""
        return self.end is not None and self._end() is None and not self._is_retried_since(self.end)

    def view(self, listed: Iterable[TargetView], named: Iterable[TargetState] = ()) -> RolloutView:
        """The rollout as Slack shows it, with those targets that are listed one by one."""
        end = self._end()
        targets = tuple(replace(each, state=self._shown(each.name, each.state)) for each in listed)
        return RolloutView(
            rollout=self.rollout,
            route=self.route,
            mode=self.mode,
            change=self.change,
            state=end.state if end else RolloutState.OPEN,
            targets=targets,
            unlisted=self._unlisted(targets),
            unlisted_hosts=self.hosts - sum((each.hosts for each in targets), start=HostsByStatus()),
            named=tuple(replace(each, state=self._shown(each.name, each.state)) for each in named),
            scope=f"{self.scope:016x}",
            duration_seconds=max((end.at - self.started_at).total_seconds(), 0.0) if end else None,
            repeat_reason=self.redelivery_reason if self.redelivery else None,
            command=self._command(),
            round=end.number if end else 1,
            requested_at=max(self.started_at, self.retried_at or self.started_at),
            request=self.request,
            outside_builds=self.outside,
            outside_total=self.outside_total,
            waves=self.waves.view(self.retried_at, is_open=end is None),
        )

    def _shown(self, name: str, state: RunState) -> RunState:
        """The state of a target. One that has not started waits for its wave, or never starts."""
        if state is not RunState.STARTING:
            return state
        if self._end():
            return RunState.SKIPPED
        is_before_wave = self.waves.total and name in self.untouched and name not in self.waves.begun
        return RunState.WAITING if is_before_wave else state

    def _unlisted(self, listed: tuple[TargetView, ...]) -> tuple[TargetsInState, ...]:
        counts = self.by_state
        for target in listed:
            counts[target.state] = counts.get(target.state, 0) - 1
        return tuple(TargetsInState(state, counts[state]) for state in URGENCY if counts.get(state, 0) > 0)

    def _end(self) -> RoundSummary | None:
        """The end of the newest round; None while a target runs or when something was retried after it."""
        running = (RunState.RUNNING, RunState.WAITING)
        if self.end is None or any(self.counts.get(state.value) for state in running):
            return None
        return None if self._is_retried_since(self.end) else self.end

    def _is_retried_since(self, end: RoundSummary) -> bool:
        return self.retried_at is not None and self.retried_at > end.at

    def _command(self) -> str | None:
        """What the newest command had done, and who sent it."""
        newest = self.command
        if newest is None or (self.retried_at and self.retried_at > newest.moment.at):
            return None  # or the commit was pushed again since
        who = newest.login or principal_name(newest.actor)
        return f"{newest.done} by {who}" + (f": {newest.reason}" if newest.reason else "")


def begin(start: RolloutStarted, epoch: str) -> RolloutSummary:
    """The summary of a rollout that has just started."""
    first = start.targets[:MAX_NAMED]
    return RolloutSummary(
        rollout=start.rollout or "",
        epoch=epoch,
        started_at=start.at,
        route=start.route or "",
        mode=start.mode,
        change=start.change.replace(files=()),
        request=start.request,
        originals=len(start.targets),
        first=first,
        untouched=first,
        scope=_scope(start.targets),
    )


def targets_of(event: Event) -> tuple[str, ...]:
    """The targets whose summaries `event` changes."""
    match event:
        case RolloutRepeated() | RolloutRetried():
            return event.retried
        case RunEvent():
            return (event.target,)
    return ()


def add(
    summary: RolloutSummary,
    targets: dict[str, TargetSummary],
    events: Iterable[tuple[Event, tuple[str, ...]]],
    is_original: IsOriginal,
) -> None:
    """Add events to a summary and to those of the targets that are named with each. All of them must be in `targets`.

    `is_original` says whether the rollout began with a target that has no summary yet.
    """
    events = list(events)
    names = dict.fromkeys(name for _, named in events for name in named)
    before = {name: _Share(targets.get(name)) for name in names}
    for event, named in events:
        _note(summary, event)
        for name in named:
            if name not in targets:
                targets[name] = _new_target(summary, name, is_original(name))
            note_on_target(targets[name], event)
    for name in names:
        _count(summary, before[name], _Share(targets[name]), targets[name])


def _note(summary: RolloutSummary, event: Event) -> None:
    """Add what `event` says of the rollout itself. A type that Slack does not show changes nothing."""
    note_of_waves(summary.waves, event, summary.first)
    match event:
        case RolloutStarted():
            summary.change, summary.request = event.change.replace(files=()), event.request
        case RolloutRepeated():
            moment = EventMoment(event.at, event.key)
            if summary.redelivery is None or moment >= summary.redelivery:
                summary.redelivery, summary.redelivery_reason = moment, event.reason
            _note_repeat(summary, event)
        case CommandEvent():
            _note_command(summary, event)
        case RolloutEnded():
            if summary.end is None or event.round >= summary.end.number:
                summary.end = RoundSummary(event.round, event.at, event.state)


def _note_repeat(summary: RolloutSummary, event: RolloutRepeated | RolloutRetried) -> None:
    # A rollout that halted goes on after `retry`, also if no run is repeated.
    if event.retried or isinstance(event, RolloutRetried):
        summary.retried_at = max(event.at, summary.retried_at or event.at)


def _note_command(summary: RolloutSummary, event: CommandEvent) -> None:
    if isinstance(event, RolloutRetried):
        _note_repeat(summary, event)
    done, moment = _done(event), EventMoment(event.at, event.key)
    if done and (summary.command is None or moment >= summary.command.moment):
        reason = shown_start(event.reason, TEXT)
        summary.command = CommandSummary(moment, done, event.actor or "", reason, event.login)


def _done(event: CommandEvent) -> str | None:
    """What a command did with the rollout; None if nothing."""
    match event:
        case RolloutCancelled():
            return "cancelled"
        case RolloutRetried():
            return "retried"
        case RolloutApproved():
            return f"approved after wave {event.wave}"
        case RolloutRejected():
            return f"rejected after wave {event.wave}"
        case RolloutHeld():
            return f"held until {event.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case RolloutResumed():
            return "resumed in a freeze" if event.overrides_freeze else "resumed"
        case RolloutRolledBack():
            return "rolled back" if event.parts else "not rolled back"
    return None


def _new_target(summary: RolloutSummary, name: str, is_original: bool) -> TargetSummary:
    position = summary.first.index(name) if name in summary.first else MAX_NAMED
    summary.untouched = tuple(each for each in summary.untouched if each != name)
    if is_original:
        summary.touched += 1
    return TargetSummary(name, position, is_original)


class _Share:
    """What one target contributes to the counts of its rollout."""

    def __init__(self, target: TargetSummary | None) -> None:
        is_member = target is not None and target.is_member
        self.joined = bool(target and target.is_member and not target.is_original)
        self.state = target.run.state.value if target and is_member else None
        self.hosts = target.run.own_build.hosts_by_status if target and is_member else HostsByStatus()
        self.outside = tuple(target.outside_builds()) if target else ()


def _count(summary: RolloutSummary, before: _Share, after: _Share, target: TargetSummary) -> None:
    for state, change in ((before.state, -1), (after.state, 1)):
        if state:
            summary.counts[state] = summary.counts.get(state, 0) + change
    summary.hosts = summary.hosts - before.hosts + after.hosts
    if after.joined and not before.joined:
        summary.scope ^= _scope((target.name,))
    if before.outside or after.outside:
        summary.outside_total += len(after.outside) - len(before.outside)
        others = [build for build in summary.outside if build.target != target.name]
        builds = sorted([*others, *after.outside], key=lambda build: build.target)
        summary.outside = tuple(builds[:MAX_OUTSIDE_BUILDS])


def _scope(names: Iterable[str]) -> int:
    """The same for the same set of names."""
    scope = 0
    for name in names:
        scope ^= int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8])
    return scope


def order_of(target: TargetSummary) -> tuple[int, str]:
    """Where a target stands in its rollout."""
    return target.position, target.name
