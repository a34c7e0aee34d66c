"""Runs, counted by their states."""

from collections import Counter
from collections.abc import Iterable

from pointsman.core.model import Run, RunState


def tally(runs: Iterable[Run], targets: int) -> str:
    """Return the number of runs in each state: `8 succeeded, 2 running of 10`."""
    counts = Counter(run.state for run in runs)
    parts = ", ".join(f"{counts[each]} {each.value.replace('_', ' ')}" for each in RunState if counts[each])
    return f"{parts or 'none'} of {targets}"
