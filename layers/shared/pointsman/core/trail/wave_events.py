"""The trail's events of a rollout that goes through its targets in waves."""

from datetime import datetime
from enum import StrEnum

import msgspec

from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.trail.event import Event
from pointsman.core.value import Value


class WaveStarted(Event, kw_only=True, frozen=True):
    """A wave began: its targets may start."""

    wave: int  # from 1
    waves: int  # how many the rollout has
    round: int = 1  # of the rollout
    targets: tuple[str, ...]  # their names

    @property
    def key(self) -> str:
        """One per wave and round."""
        return f"{self.type}#{self.round}#{self.wave}"


class Overtaken(Value, kw_only=True, frozen=True):
    """An older rollout of the route that had not reached every target, and what becomes of them with a newer one."""

    rollout: str
    commit: str
    reason: str
    not_started: tuple[str, ...]  # only the first; they get the newer commit, but for `left_out`
    not_started_total: int
    left_out: tuple[str, ...] = ()  # targets that the newer rollout does not have


class GateOutcome(StrEnum):
    """The outcome of an evaluation of a gate."""

    WAITING = "waiting"
    PASSED = "passed"
    FAILED = "failed"


class GateInputs(Value, kw_only=True, frozen=True):
    """What an evaluation of a gate took into account."""

    targets: int  # of the wave
    targets_failed: int = 0
    targets_unavailable: int = 0
    hosts_failed: int | None = None  # None: the wave's result did not depend on it
    hosts_unreachable: int | None = None
    soak_until: datetime | None = None
    alarms: dict[str, str] = msgspec.field(default_factory=dict)  # state by ARN
    approved_by: str | None = None  # ARN of the IAM principal
    approval_command: str | None = None


class GateEvaluated(Event, kw_only=True, frozen=True):
    """The gate after a wave was evaluated, with another result than the time before."""

    wave: int  # from 1
    round: int = 1
    number: int  # of the evaluation, from 1
    outcome: GateOutcome
    reason: str
    waits_for: WaitKind | None = None
    until: datetime | None = None
    inputs: GateInputs

    @property
    def key(self) -> str:
        """One per evaluation."""
        return f"{self.type}#{self.round}#{self.wave}#{self.number}"


class RolloutWaited(Event, kw_only=True, frozen=True):
    """A rollout waits, although no gate is open: for the end of a freeze, a hold or an older rollout."""

    kind: WaitKind
    reason: str
    until: datetime | None = None  # at most
    number: int  # of the wait, from 1

    @property
    def key(self) -> str:
        """One per wait."""
        return f"{self.type}#{self.number}"


class RolloutHalted(Event, kw_only=True, frozen=True):
    """A rollout halted by itself: nothing of it starts any more. Builds that are running go on."""

    kind: HaltKind
    reason: str
    wave: int  # the newest that started, from 1; 0: none
    round: int = 1
    not_started: tuple[str, ...] = ()  # targets that had not started
    superseded_by: str | None = None  # rollout

    @property
    def key(self) -> str:
        """One per round."""
        return f"{self.type}#{self.round}"
