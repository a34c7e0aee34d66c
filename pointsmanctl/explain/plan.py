"""How a rollout would go: its waves, what it waits for between them, and when it may not start."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from pointsman.core.model import Target
from pointsman.core.rollout_plan import ApprovalRule, FreezeWindow, Gate, RolloutPlan, Tolerance, Wave
from pointsman.core.rollouts.freezes import frozen_until
from pointsman.core.text import escape_invisible, format_duration, join_first, pluralize


def plan_object(plan: RolloutPlan, targets: Sequence[Target], now: datetime) -> dict[str, Any]:
    """Return a rollout's waves with their targets, and its freeze windows, for programs."""
    until = frozen_until(plan.freezes, now)
    return {
        "waves": [
            {
                "targets": names,
                "max_parallel": wave.max_parallel,
                "serial": wave.serial,
                "tolerate": {name: str(getattr(wave.tolerate, name)) for name in Tolerance.__struct_fields__},
                "after": _gate_object(wave.after) if wave.after else None,
            }
            for wave, names in _waves(plan, targets)
        ],
        "on_failure": plan.on_failure.value,
        "freezes": [freeze.to_dict() for freeze in plan.freezes],
        "frozen_until": until.isoformat() if until else None,
    }


def _gate_object(gate: Gate) -> dict[str, Any]:
    return {"soak_seconds": gate.soak_seconds, "alarms": list(gate.alarms), "approval": None} | gate.to_dict()


def _waves(plan: RolloutPlan, targets: Sequence[Target]) -> Iterator[tuple[Wave, list[str]]]:
    """Each wave with the names of its targets. Without waves, all of them are one."""
    for number, wave in enumerate(plan.waves or (Wave(),)):
        yield wave, [target.name for target in targets if target.wave == number]


def plan_lines(
    route: str, plan: RolloutPlan, targets: Sequence[Target], now: datetime, *, names: int | None = None
) -> Iterator[Text]:
    """Yield the same for people; of each wave's targets the first `names`, or all."""
    waves = list(_waves(plan, targets))
    yield Text.assemble((f"{route}: ", "bold"), f"{pluralize(len(waves), 'wave')}, on failure: {plan.on_failure}")
    for number, (wave, of_wave) in enumerate(waves, start=1):
        listed = join_first(of_wave, len(of_wave) if names is None else names)
        yield Text.assemble((f"  wave {number}: ", "dim"), "; ".join([listed, *_policy(wave)]))
        if wave.after:
            yield Text.assemble(("    then: ", "dim"), "; ".join(_gate(wave.after)))
    for freeze in plan.freezes:
        yield Text.assemble(("  frozen: ", "dim"), _freeze(freeze, now))
    if len(plan.freezes) > 1 and (until := frozen_until(plan.freezes, now)):
        yield Text.assemble(("  frozen now, until ", "dim"), _time(until))


def _policy(wave: Wave) -> Iterator[str]:
    if wave.max_parallel:
        yield f"{pluralize(wave.max_parallel, 'target')} at a time"
    if wave.serial:
        hosts = f"{wave.serial} of the hosts" if wave.serial.endswith("%") else pluralize(int(wave.serial), "host")
        yield f"{hosts} at a time"
    tolerated = {name: getattr(wave.tolerate, name) for name in Tolerance.__struct_fields__}
    if texts := [f"{name.replace('_', ' ')}: {amount}" for name, amount in tolerated.items() if amount.number]:
        yield f"tolerates {', '.join(texts)}"


def _gate(gate: Gate) -> Iterator[str]:
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


def _freeze(freeze: FreezeWindow, now: datetime) -> str:
    until = frozen_until([freeze], now)
    state = f"in effect until {_time(until)}" if until else "not in effect"
    return f"{freeze.cron} ({freeze.time_zone}) for {format_duration(freeze.seconds)}; {state}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
