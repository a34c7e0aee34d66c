"""What somebody who approves a rollout has to know: the commit, what has run, and what comes next."""

from collections.abc import Iterator

from pointsman.core.text import join_first, pluralize
from pointsmanctl.output.messages import note
from pointsmanctl.output.plan_parts import gate_parts, policy_parts
from pointsmanctl.output.rollout_table import safe
from pointsmanctl.output.wave_views import WaveView, waves_of
from pointsmanctl.stack.rollouts import LoadedRollout

NAMES = 10  # of targets


def show_review(loaded: LoadedRollout, wave: int) -> None:
    """Print it on stderr."""
    for line in review_lines(loaded, wave):
        note(line)


def review_lines(loaded: LoadedRollout, wave: int) -> Iterator[str]:
    """Yield it line by line. `wave` is the one before the gate, from 1."""
    loaded = safe(loaded)
    rollout, change = loaded.rollout, loaded.rollout.change
    author = f"by {change.author}, " if change.author else ""
    yield f"{rollout.id}, route {rollout.spec.route} of {change.repository}"
    yield f"commit {change.after}: {change.title}"
    yield f"{author}{'requested' if change.pull_request else 'pushed'} by {change.actor}: {change.url}"
    waves = list(waves_of(rollout, loaded.newest))
    for view in waves[:wave]:
        yield f"wave {view.number} has run on {join_first(view.targets, NAMES)}: {view.tally}"
    if wave < len(waves):
        yield f"wave {wave + 1} is next: {_plan(waves[wave])}"
    else:
        yield "no wave follows: the rollout ends"
    if (after := len(waves) - wave - 1) > 0:
        yield f"{pluralize(after, 'wave')} after it"


def _plan(view: WaveView) -> str:
    parts = [join_first(view.targets, NAMES), *policy_parts(view.wave)]
    if view.wave.after:
        parts.append(f"then: {'; '.join(gate_parts(view.wave.after))}")
    return "; ".join(parts)
