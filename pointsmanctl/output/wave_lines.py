"""The events of waves and gates in lines for people."""

from collections.abc import Iterator

from rich.text import Text

from pointsman.core.text import join_first, pluralize
from pointsman.core.trail.wave_events import (
    GateEvaluated,
    GateInputs,
    GateOutcome,
    Overtaken,
    RolloutHalted,
    RolloutWaited,
    WaveStarted,
)
from pointsmanctl.output.times import at_minute

_STYLES = {GateOutcome.WAITING: "yellow", GateOutcome.PASSED: "green", GateOutcome.FAILED: "bold red"}


def wave_lines(event: WaveStarted | GateEvaluated | RolloutWaited | RolloutHalted) -> Iterator[Text]:
    """Yield what happened in one line, and the details below it."""
    match event:
        case WaveStarted():
            yield Text(f"wave {event.wave} of {event.waves} started: {join_first(event.targets)}")
        case GateEvaluated():
            until = f", until {at_minute(event.until)}" if event.until else ""
            outcome = "" if event.outcome is GateOutcome.WAITING else f" {event.outcome}"
            text = f"gate after wave {event.wave}{outcome}: {event.reason}{until}"
            yield Text(text, _STYLES[event.outcome])
            yield Text("; ".join(_inputs(event.inputs)), "dim")
        case RolloutWaited():
            until = f", until {at_minute(event.until)}" if event.until else ""
            yield Text(f"rollout {event.rollout} waits: {event.reason}{until}", "yellow")
        case RolloutHalted():
            yield Text(f"rollout {event.rollout} halted in wave {event.wave}: {event.reason}", "bold red")
            if event.not_started:
                yield Text(f"not started: {join_first(event.not_started)}", "dim")


def _inputs(inputs: GateInputs) -> Iterator[str]:
    """Yield what the evaluation took into account."""
    yield f"{inputs.targets_failed} of {pluralize(inputs.targets, 'target')} failed"
    if inputs.targets_unavailable:
        yield f"{pluralize(inputs.targets_unavailable, 'target')} unavailable"
    if inputs.hosts_failed is not None:
        yield f"{pluralize(inputs.hosts_failed, 'host')} failed"
    if inputs.hosts_unreachable is not None:
        yield f"{pluralize(inputs.hosts_unreachable, 'host')} unreachable"
    if inputs.soak_until:
        yield f"soaks until {at_minute(inputs.soak_until)}"
    for arn, state in inputs.alarms.items():
        yield f"alarm {arn.partition(':alarm:')[2] or arn}: {state}"
    if inputs.approved_by:
        yield f"approved by {inputs.approved_by}"


def overtaken_line(overtaken: Overtaken) -> str:
    """Return what a new rollout overtakes, and which targets it does not have."""
    names = join_first(overtaken.not_started, total=overtaken.not_started_total)
    left_out = f", but leaves out {join_first(overtaken.left_out)}" if overtaken.left_out else ""
    return f"overtakes {overtaken.rollout}, which had not started on {names}{left_out}"
