"""The lines of a rollout's Slack message about its waves: where it is, what it waits for, and how it ended early."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pointsman.core.model import RolloutState
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.slack.rollout_view import HaltView, RolloutView, WaitView, WavesView
from pointsman.core.slack.text import NAME_LENGTH, REASON_LENGTH, code
from pointsman.core.text import join_first, pluralize


def wave_lines(view: RolloutView) -> Iterator[str]:
    """Yield what there is to say, one line each."""
    waves = view.waves
    if waves.total:
        yield f"🌊 Wave {waves.number} of {waves.total}{_state(view)}"
    if waves.wait:
        yield wait_line(waves.wait)
        yield from (code(command, REASON_LENGTH) for command in commands_after(waves.wait, view.rollout))
    if waves.halt:
        yield halt_line(waves.halt)
    if waves.rolled_back:
        yield _rollback_line(waves)


def _state(view: RolloutView) -> str:
    if view.state is not RolloutState.OPEN:
        return ""
    if view.waves.rolled_back:
        return ": rolling back"
    if view.waves.halt:
        return ": halted"
    return ": waiting" if view.waves.wait else ": running"


def wait_line(wait: WaitView) -> str:
    """Return what a rollout waits for, and until when at most. A gate's reason says who may approve."""
    until = f" until {shown_time(wait.until)}" if wait.until else ""
    return f"⏳ {code(wait.reason, REASON_LENGTH)}{until}"


def commands_after(wait: WaitView, rollout: str) -> tuple[str, ...]:
    """Return the commands that end a wait."""
    match wait.kind:
        case WaitKind.APPROVAL:
            gate = f"{rollout} --wave {wait.wave}"
            return f"pointsman rollout approve {gate}", f"pointsman rollout reject {gate}"
        case WaitKind.HOLD:
            return (f"pointsman rollout resume {rollout}",)
        case WaitKind.FREEZE:
            return (f"pointsman rollout resume {rollout} --override-freeze --reason '...'",)
        case _:
            return ()


def halt_line(halt: HaltView) -> str:
    """Return why a rollout halted, and how many targets it left out."""
    left = f" · {pluralize(halt.not_started, 'target')} not started" if halt.not_started else ""
    return f"🛑 halted: {code(halt.reason, REASON_LENGTH)}{left}"


def _rollback_line(waves: WavesView) -> str:
    parts = [f"{code(each.commit, NAME_LENGTH)} on {code(each.target, NAME_LENGTH)}" for each in waves.rolled_back]
    total = max(waves.rolled_back_total, len(parts))
    return f"↩️ back to {join_first(parts, len(parts), total=total, noun='target')}"


def shown_time(at: datetime) -> str:
    """Return a time in the reader's own time zone, and in UTC where Slack cannot show that.

    https://docs.slack.dev/messaging/formatting-message-text/#date-formatting
    """
    utc = at.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time}}|{utc:%Y-%m-%d %H:%M} UTC>"
