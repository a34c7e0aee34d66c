"""Gates: whether the next wave may start. A pure function of the wave's result, readings, an approval and time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pointsman.core.model import Rollout
from pointsman.core.rollout_facts import HaltKind, Hold, OpenGate, Wait, WaitKind
from pointsman.core.rollout_plan import Gate
from pointsman.core.rollouts.situation import Situation
from pointsman.core.rollouts.waves import is_last_wave
from pointsman.core.text import join_first
from pointsman.core.trail.wave_events import GateInputs, GateOutcome

UNREADABLE_FOR = timedelta(hours=1)  # then a gate whose alarms cannot be read fails
_IS_OVER = "is over, and the rollout halts with the next sweep: retry it then"


@dataclass(frozen=True)
class Evaluation:
    """The outcome of a gate, with what it took into account."""

    outcome: GateOutcome
    reason: str
    inputs: GateInputs
    wait: Wait | None = None  # if it waits
    kind: HaltKind = HaltKind.FAILED  # if it failed


def unread_alarms(situation: Situation, gate: Gate | None) -> tuple[str, ...]:
    """The alarms that have to be read to evaluate a gate."""
    return tuple(arn for arn in (gate.alarms if gate else ()) if arn not in situation.facts.alarms)


def evaluate(situation: Situation, gate: Gate | None, opened: OpenGate, inputs: GateInputs) -> Evaluation:
    """Evaluate a gate whose wave is over. Its alarms have been read."""
    if gate is None:
        return Evaluation(GateOutcome.PASSED, "the wave is over", inputs)
    soak_until = opened.opened_at + timedelta(seconds=gate.soak_seconds)
    alarms = {arn: situation.facts.alarms[arn] for arn in gate.alarms}
    approval = opened.approval
    inputs = inputs.replace(
        soak_until=soak_until if gate.soak_seconds else None,
        alarms={arn: reading.state for arn, reading in alarms.items()},
        approved_by=approval.caller if approval else None,
        approval_command=approval.command if approval else None,
    )
    for arn, reading in alarms.items():
        if reading.state == "alarm":
            return Evaluation(GateOutcome.FAILED, f"alarm {_name(arn)} is in the state ALARM: {reading.reason}", inputs)
    if wait := _wait(situation, gate, opened, soak_until, inputs):
        if wait.until and situation.now >= wait.until:
            return Evaluation(GateOutcome.FAILED, f"in vain: {wait.reason}", inputs, kind=HaltKind.EXPIRED)
        return Evaluation(GateOutcome.WAITING, wait.reason, inputs, wait)
    return Evaluation(GateOutcome.PASSED, _why_passed(gate, opened), inputs)


def approval_until(gate: Gate, opened: OpenGate, hold: Hold | None) -> datetime:
    """Until when a gate can be approved. While the rollout is held, that is the end of the hold."""
    if hold:
        return hold.until
    within = gate.approval.within_seconds if gate.approval else 0
    return opened.opened_at + timedelta(seconds=gate.soak_seconds + within + opened.held_seconds)


def overdue(rollout: Rollout, now: datetime) -> str | None:
    """Why no command gives an open rollout more time: a wait has reached its bound, which the next sweep will see.

    None if none has. What people can do must not depend on when the sweep comes.
    """
    if rollout.hold:
        return f"its hold {_IS_OVER}" if now >= rollout.hold.until else None
    wait, opened, gate = rollout.wait, rollout.gate, _gate_of(rollout)
    if wait and wait.kind is WaitKind.ALARMS and wait.until and now >= wait.until:
        return (
            "the time for alarms that cannot be read is over: the next sweep reads them once more, or halts the rollout"
        )
    if opened is None or gate is None or gate.approval is None or opened.approval or is_last_wave(rollout):
        return None
    return f"the time for an approval {_IS_OVER}" if now >= approval_until(gate, opened, None) else None


def after_hold(rollout: Rollout, now: datetime) -> OpenGate | None:
    """The gate of a rollout whose hold ends: the time of the hold does not count for its approval."""
    opened, hold, gate = rollout.gate, rollout.hold, _gate_of(rollout)
    if opened is None or hold is None or gate is None:
        return opened
    counts_from = opened.opened_at + timedelta(seconds=gate.soak_seconds)
    held = max(timedelta(), now - max(hold.at, counts_from))
    return opened.replace(held_seconds=opened.held_seconds + held.total_seconds())


def _gate_of(rollout: Rollout) -> Gate | None:
    """What the route asks for at the open gate."""
    return rollout.waves[rollout.waves_started - 1].after if rollout.gate else None


def _wait(situation: Situation, gate: Gate, opened: OpenGate, soak_until: datetime, inputs: GateInputs) -> Wait | None:
    if situation.now < soak_until:
        return Wait(kind=WaitKind.SOAK, reason="the wave soaks", until=soak_until)
    unreadable = [arn for arn, state in inputs.alarms.items() if state in ("missing", "unreadable")]
    if unreadable:
        reason = f"alarm {join_first([_name(arn) for arn in unreadable])} cannot be read"
        return Wait(kind=WaitKind.ALARMS, reason=reason, until=_unreadable_until(situation))
    if gate.approval and not opened.approval:
        reason = f"waits for an approval by {join_first(list(gate.approval.by))}"
        return Wait(kind=WaitKind.APPROVAL, reason=reason, until=approval_until(gate, opened, situation.rollout.hold))
    return None


def _unreadable_until(situation: Situation) -> datetime:
    """The end of the hour that began when the alarms could not be read any more; of a hold, if there is one."""
    wait, hold = situation.rollout.wait, situation.rollout.hold
    if hold:
        return hold.until
    until = wait.until if wait and wait.kind is WaitKind.ALARMS else None
    return until or situation.now + UNREADABLE_FOR


def _why_passed(gate: Gate, opened: OpenGate) -> str:
    parts = [
        "the wave is over",
        "it has soaked" if gate.soak_seconds else "",
        "no alarm is in the state ALARM" if gate.alarms else "",
        f"approved by {opened.approval.login}" if gate.approval and opened.approval else "",
    ]
    return ", ".join(part for part in parts if part)


def _name(arn: str) -> str:
    return arn.partition(":alarm:")[2] or arn
