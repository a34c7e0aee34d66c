"""A wave and its gate, in words and as JSON: planned (`routes explain`) or under way (`rollout show`)."""

from collections.abc import Iterator, Sequence
from typing import Any

from pointsman.core.rollout_plan import ApprovalRule, Gate, Tolerance, Wave
from pointsman.core.text import escape_invisible, format_duration, pluralize


def wave_object(wave: Wave, targets: Sequence[str]) -> dict[str, Any]:
    """Return a wave with its targets, for programs."""
    return {
        "targets": list(targets),
        "max_parallel": wave.max_parallel,
        "serial": wave.serial,
        "tolerate": {name: str(getattr(wave.tolerate, name)) for name in Tolerance.__struct_fields__},
        "after": _gate_object(wave.after) if wave.after else None,
    }


def _gate_object(gate: Gate) -> dict[str, Any]:
    return {"soak_seconds": gate.soak_seconds, "alarms": list(gate.alarms), "approval": None} | gate.to_dict()


def policy_parts(wave: Wave) -> Iterator[str]:
    """Yield how the targets and hosts of a wave run."""
    if wave.max_parallel:
        yield f"{pluralize(wave.max_parallel, 'target')} at a time"
    if wave.serial:
        hosts = f"{wave.serial} of the hosts" if wave.serial.endswith("%") else pluralize(int(wave.serial), "host")
        yield f"{hosts} at a time"
    tolerated = {name: getattr(wave.tolerate, name) for name in Tolerance.__struct_fields__}
    if texts := [f"{name.replace('_', ' ')}: {amount}" for name, amount in tolerated.items() if amount.number]:
        yield f"tolerates {', '.join(texts)}"


def gate_parts(gate: Gate) -> Iterator[str]:
    """Yield what must be true after a wave."""
    if gate.soak_seconds:
        yield f"soak {format_duration(gate.soak_seconds)}"
    if gate.alarms:
        names = [escape_invisible(arn.split(":", 6)[6]) for arn in gate.alarms]
        yield f"no alarm of {', '.join(names)}"
    if gate.approval:
        yield _approval(gate.approval)


def _approval(rule: ApprovalRule) -> str:
    *others, last = rule.by
    people = f"{', '.join(others)} or {last}" if others else last
    exception = ", not by the author" if rule.not_author else ""
    return f"approval by {people} within {format_duration(rule.within_seconds)}{exception}"
