"""Rollouts while they go on: drawn anew on a terminal, a line for each change elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.live import Live

from pointsmanctl.output.console import console, on_terminal
from pointsmanctl.output.rollout_table import rollout_report, rollouts_table, safe
from pointsmanctl.stack.rollouts import LoadedRollout

type Look = Callable[[list[LoadedRollout]], None]


@contextmanager
def view(*, detailed: bool) -> Iterator[Look]:
    """What is called with each look at the rollouts. `detailed`: there is one, shown with its runs."""
    if not on_terminal():
        yield _Changes()
        return
    with Live(console=console(), auto_refresh=False, vertical_overflow="crop") as live:
        yield lambda rollouts: live.update(_drawn(rollouts, detailed=detailed), refresh=True)


@contextmanager
def quiet_view() -> Iterator[Look]:
    """For programs, which get the end alone."""
    yield lambda rollouts: None


def _drawn(rollouts: list[LoadedRollout], *, detailed: bool) -> RenderableType:
    if detailed:
        return rollout_report(rollouts[0], links=True)
    return rollouts_table(rollouts, datetime.now(UTC)) if rollouts else ""


class _Changes:
    """Prints one line for each state that changed since the last look."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def __call__(self, rollouts: list[LoadedRollout]) -> None:
        for loaded in map(safe, rollouts):
            rollout = loaded.rollout
            for name, run in loaded.newest.items():
                attempt = f" (attempt {run.attempt})" if run.attempt > 1 else ""
                self._print(f"{rollout.id} {name}", run.state.value, attempt)
            self._print(rollout.id, rollout.state.value)

    def _print(self, name: str, state: str, addition: str = "") -> None:
        if self._states.get(name) != state + addition:
            self._states[name] = state + addition
            at = datetime.now(UTC)
            sys.stdout.write(f"{at:%H:%M:%S} {name} {state.replace('_', ' ')}{addition}\n")
            sys.stdout.flush()
