"""How a rollout would go: its waves, what it waits for between them, and when it may not start."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from pointsman.core.model import Target
from pointsman.core.rollout_plan import FreezeWindow, RolloutPlan, Wave
from pointsman.core.rollouts.freezes import frozen_until
from pointsman.core.text import format_duration, join_first, pluralize
from pointsmanctl.output.plan_parts import gate_parts, policy_parts, wave_object
from pointsmanctl.output.times import at_minute


def plan_object(plan: RolloutPlan, targets: Sequence[Target], now: datetime) -> dict[str, Any]:
    """Return a rollout's waves with their targets, and its freeze windows, for programs."""
    until = frozen_until(plan.freezes, now)
    return {
        "waves": [wave_object(wave, names) for wave, names in _waves(plan, targets)],
        "on_failure": plan.on_failure.value,
        "freezes": [freeze.to_dict() for freeze in plan.freezes],
        "frozen_until": until.isoformat() if until else None,
    }


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
        yield Text.assemble((f"  wave {number}: ", "dim"), "; ".join([listed, *policy_parts(wave)]))
        if wave.after:
            yield Text.assemble(("    then: ", "dim"), "; ".join(gate_parts(wave.after)))
    for freeze in plan.freezes:
        yield Text.assemble(("  frozen: ", "dim"), _freeze(freeze, now))
    if len(plan.freezes) > 1 and (until := frozen_until(plan.freezes, now)):
        yield Text.assemble(("  frozen now, until ", "dim"), at_minute(until))


def _freeze(freeze: FreezeWindow, now: datetime) -> str:
    until = frozen_until([freeze], now)
    state = f"in effect until {at_minute(until)}" if until else "not in effect"
    return f"{freeze.cron} ({freeze.time_zone}) for {format_duration(freeze.seconds)}; {state}"
