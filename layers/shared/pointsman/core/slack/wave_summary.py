"""What Slack needs to know of a rollout's waves: the newest wave, what the rollout waits for, and how it ended early.

Any order of the events gives the same summary, and an event may come again.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.slack.rollout_view import HaltView, RolledBackTarget, WaitView, WavesView
from pointsman.core.slack.target_summary import TEXT, Compact
from pointsman.core.slack.text import shown_start
from pointsman.core.trail.command_events import RolloutResumed, RolloutRolledBack
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutEnded, RunStarted
from pointsman.core.trail.wave_events import GateEvaluated, RolloutHalted, RolloutWaited, WaveStarted

MAX_ROLLED_BACK = 5  # targets that are named
# What a rollout no longer waits for when a run starts. Nothing else in the trail says that such a wait is over.
_OVER_AT_START = (WaitKind.ROUTE, WaitKind.FREEZE, WaitKind.HOLD)


class WaitSummary(Compact):
    """What a rollout began to wait for. Of a gate: its newest evaluation, which may wait for nothing."""

    at: datetime
    kind: WaitKind | None = None
    reason: str = ""
    until: datetime | None = None
    round: int = 0  # of a gate
    wave: int = 0  # before a gate
    number: int = 0  # of a gate's evaluation

    @property
    def order(self) -> tuple[Any, ...]:
        """The newest has the highest."""
        return self.round, self.wave, self.number, self.at, self.kind or ""


class HaltSummary(Compact):
    """The newest halt."""

    at: datetime
    round: int
    kind: HaltKind
    reason: str
    not_started: int = 0

    @property
    def order(self) -> tuple[Any, ...]:
        """The newest has the highest."""
        return (self.round,)


class RollbackSummary(Compact):
    """The newest rollback."""

    at: datetime
    key: str
    targets: tuple[RolledBackTarget, ...]  # the first
    total: int

    @property
    def order(self) -> tuple[Any, ...]:
        """The newest has the highest."""
        return self.at, self.key


class WavesSummary(Compact):
    """The waves of one rollout. A rollout without waves can wait, and can be rolled back, too."""

    round: int = 0
    number: int = 0  # of the newest wave, from 1
    total: int = 0
    sizes: dict[int, int] = msgspec.field(default_factory=dict)  # targets of each wave that started
    begun: tuple[str, ...] = ()  # those of the rollout's first targets whose wave started
    gate: WaitSummary | None = None
    waited: WaitSummary | None = None
    over: dict[WaitKind, datetime] = msgspec.field(default_factory=dict)  # when a wait of this kind last ended
    halt: HaltSummary | None = None
    rollback: RollbackSummary | None = None

    @property
    def targets_begun(self) -> int:
        """The number of targets whose wave started."""
        return sum(self.sizes.values())

    def view(self, retried_at: datetime | None, *, is_open: bool) -> WavesView:
        """The waves as Slack shows them. What was before `retried_at` is no longer so."""
        halt = self.halt if self.halt and not _is_before(self.halt.at, retried_at) else None
        rollback = self.rollback if self.rollback and not _is_before(self.rollback.at, retried_at) else None
        wait = self._wait(retried_at) if is_open and not (halt or rollback) else None
        return WavesView(
            number=self.number,
            total=self.total,
            wait=_wait_view(wait) if wait else None,
            halt=HaltView(halt.kind, halt.reason, halt.round, halt.not_started) if halt else None,
            rolled_back=rollback.targets if rollback else (),
            rolled_back_total=rollback.total if rollback else 0,
        )

    def _wait(self, retried_at: datetime | None) -> WaitSummary | None:
        gate, waited = self.gate, self.waited
        if waited and not (gate and gate.at > waited.at):
            ended_at = self.over.get(waited.kind) if waited.kind else None
            return None if ended_at and ended_at >= waited.at else waited
        if gate is None or gate.kind is None or _is_before(gate.at, retried_at):
            return None
        return gate if (gate.round, gate.wave) >= (self.round, self.number) else None


def _is_before(at: datetime, other: datetime | None) -> bool:
    return other is not None and at < other


def _wait_view(wait: WaitSummary) -> WaitView | None:
    return WaitView(wait.kind, wait.reason, wait.until, wait.round, wait.wave) if wait.kind else None


def note_of_waves(waves: WavesSummary, event: Event, first: Sequence[str]) -> None:
    """Add what `event` says of the waves. `first` has the names of the rollout's first targets."""
    for kind in _ended_waits(event):
        waves.over[kind] = max(event.at, waves.over.get(kind, event.at))
    match event:
        case WaveStarted():
            _note_wave(waves, event, first)
        case GateEvaluated():
            waves.gate = _newest(waves.gate, _evaluation(event))
        case RolloutWaited():
            reason = shown_start(event.reason, TEXT)
            waves.waited = _newest(waves.waited, WaitSummary(event.at, event.kind, reason, event.until))
        case RolloutHalted():
            waves.halt = _newest(waves.halt, _halt(event))
        case RolloutRolledBack():
            waves.rollback = _newest(waves.rollback, _rollback(event))


def _newest[Summary: WaitSummary | HaltSummary | RollbackSummary](kept: Summary | None, new: Summary) -> Summary:
    return new if kept is None or new.order >= kept.order else kept


def _ended_waits(event: Event) -> Iterator[WaitKind]:
    """The kinds of waits that are over with `event`."""
    match event:
        case WaveStarted() | RolloutHalted() | RolloutEnded():
            yield from WaitKind
        case RunStarted():
            yield from _OVER_AT_START
        case RolloutResumed():
            yield WaitKind.HOLD
            if event.overrides_freeze:
                yield WaitKind.FREEZE


def _note_wave(waves: WavesSummary, event: WaveStarted, first: Sequence[str]) -> None:
    if (event.round, event.wave) >= (waves.round, waves.number):
        waves.round, waves.number, waves.total = event.round, event.wave, event.waves
    waves.sizes[event.wave] = max(len(event.targets), waves.sizes.get(event.wave, 0))
    begun = {*waves.begun, *event.targets}
    waves.begun = tuple(name for name in first if name in begun)


def _evaluation(event: GateEvaluated) -> WaitSummary:
    reason = shown_start(event.reason, TEXT)
    return WaitSummary(event.at, event.waits_for, reason, event.until, event.round, event.wave, event.number)


def _halt(event: RolloutHalted) -> HaltSummary:
    reason = shown_start(event.reason, TEXT)
    return HaltSummary(event.at, event.round, event.kind, reason, len(event.not_started))


def _rollback(event: RolloutRolledBack) -> RollbackSummary:
    targets = [RolledBackTarget(name, part.commit[:7]) for part in event.parts for name in part.targets]
    return RollbackSummary(event.at, event.key, tuple(targets[:MAX_ROLLED_BACK]), len(targets))
