"""Events of a rollout's waves, and of people's decisions about it, for tests."""

from typing import Any

from pointsman.core.rollout_facts import HaltKind, RollbackPart, WaitKind
from pointsman.core.trail.command_events import (
    RolloutApproved,
    RolloutHeld,
    RolloutRejected,
    RolloutResumed,
    RolloutRolledBack,
)
from pointsman.core.trail.wave_events import (
    GateEvaluated,
    GateInputs,
    GateOutcome,
    RolloutHalted,
    RolloutWaited,
    WaveStarted,
)
from tests.support.events import OPERATOR, ROLLOUT, after
from tests.support.rollouts import COMMIT


def wave_started(wave: int, *targets: str, at: float = 1, waves: int = 3, number: int = 1) -> WaveStarted:
    return WaveStarted(at=after(at), rollout=ROLLOUT, wave=wave, waves=waves, round=number, targets=targets)


def gate(
    wave: int, waits_for: str | None = "approval", at: float = 40, number: int = 1, reason: str = "", **about: Any
) -> GateEvaluated:
    """An evaluation of a gate, which passes if it waits for nothing."""
    return GateEvaluated(
        at=after(at),
        rollout=ROLLOUT,
        wave=wave,
        number=number,
        outcome=GateOutcome.WAITING if waits_for else GateOutcome.PASSED,
        reason=reason or "waits for an approval by hana, omar",
        waits_for=WaitKind(waits_for) if waits_for else None,
        until=after(3_600) if waits_for else None,
        inputs=GateInputs(targets=1),
        **about,
    )


def rollout_waited(kind: str, at: float = 1, reason: str = "a freeze window of the route") -> RolloutWaited:
    return RolloutWaited(
        at=after(at), rollout=ROLLOUT, kind=WaitKind(kind), reason=reason, until=after(7_200), number=int(at) + 1
    )


def halted(kind: str = "failed", at: float = 50, number: int = 1, not_started: tuple[str, ...] = ()) -> RolloutHalted:
    return RolloutHalted(
        at=after(at),
        rollout=ROLLOUT,
        kind=HaltKind(kind),
        reason="wave 1 failed: <!channel> `dev` failed",
        wave=1,
        round=number,
        not_started=not_started,
    )


def _command(at: float, reason: str = "") -> dict[str, Any]:
    return {"at": after(at), "actor": OPERATOR, "rollout": ROLLOUT, "command": f"c-{at}", "reason": reason}


def approved(at: float, wave: int = 1, reason: str = "looks well") -> RolloutApproved:
    return RolloutApproved(**_command(at, reason), login="omar", wave=wave)


def rejected(at: float, wave: int = 1, reason: str = "errors in the log") -> RolloutRejected:
    return RolloutRejected(**_command(at, reason), login="omar", wave=wave)


def held(at: float) -> RolloutHeld:
    return RolloutHeld(**_command(at, "an incident"), until=after(86_400))


def resumed(at: float, *, overrides_freeze: bool = False) -> RolloutResumed:
    return RolloutResumed(**_command(at), overrides_freeze=overrides_freeze)


def rolled_back(at: float, *targets: str) -> RolloutRolledBack:
    part = RollbackPart(rollout="r-before", commit=COMMIT, targets=targets)
    return RolloutRolledBack(**_command(at, "it breaks logins"), parts=(part,))
