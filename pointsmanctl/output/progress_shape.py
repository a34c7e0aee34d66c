"""How far a rollout is, as JSON: its waves, its gate, what stops it, and what it waits for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pointsman.core.model import Rollout, Run, TargetName
from pointsman.core.rollouts.gates import approval_until
from pointsman.core.rollouts.rollback_plan import rollout_of_part
from pointsman.core.value import Value
from pointsmanctl.output.plan_parts import wave_object
from pointsmanctl.output.times import as_json
from pointsmanctl.output.waits import Waiting, next_commands, waits_of
from pointsmanctl.output.wave_views import waves_of


def progress_object(rollout: Rollout, newest: Mapping[TargetName, Run]) -> dict[str, Any]:
    """Return the part of a rollout's object that says how far it is. `newest` has the newest run on each target."""
    return {
        "waves": [
            {"wave": view.number, "state": view.state.value} | wave_object(view.wave, view.targets)
            for view in waves_of(rollout, newest)
        ],
        "gate": _gate(rollout),
        "halt": _fields(rollout.halt),
        "hold": _fields(rollout.hold),
        "freeze_override": _fields(rollout.freeze_override),
        "rollback": _rollback(rollout),
        "waits": [_waiting(each) for each in waits_of(rollout, newest)],
        "next_commands": next_commands(rollout, newest),
    }


def _fields(value: Value | None) -> dict[str, Any] | None:
    return value.to_dict() if value else None


def _gate(rollout: Rollout) -> dict[str, Any] | None:
    """Return the gate at which a rollout is."""
    opened = rollout.gate
    gate = rollout.waves[rollout.waves_started - 1].after if rollout.waves and rollout.waves_started else None
    if opened is None or gate is None:
        return None
    rule = gate.approval
    return {
        "wave": rollout.waves_started,
        "opened_at": as_json(opened.opened_at),
        "soak_until": as_json(opened.opened_at + timedelta(seconds=gate.soak_seconds)) if gate.soak_seconds else None,
        "alarms": list(gate.alarms),
        "approval_by": list(rule.by) if rule else None,
        "not_author": rule.not_author if rule else None,
        "approval_until": as_json(approval_until(gate, opened, rollout.hold)) if rule else None,
        "approval": _fields(opened.approval),
    }


def _rollback(rollout: Rollout) -> dict[str, Any] | None:
    """Return the rollback, with the rollout that brings each part back."""
    rollback = rollout.rollback
    if rollback is None:
        return None
    parts = [part.to_dict() | {"by": rollout_of_part(rollout, rollback.id, part)} for part in rollback.parts]
    return rollback.to_dict() | {"parts": parts}


def _waiting(waiting: Waiting) -> dict[str, Any]:
    return {
        "kind": waiting.kind,
        "reason": waiting.reason,
        "until": as_json(waiting.until) if waiting.until else None,
        "asked_again": as_json(waiting.asked_again) if waiting.asked_again else None,
        "targets": list(waiting.targets),
        "rollout": waiting.rollout,
        "commands": list(waiting.commands),
    }
