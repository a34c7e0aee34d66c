"""Shows rollouts while they run: a table that is redrawn on a terminal, one line per change elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.live import Live

from pointsmanctl.output.console import console, on_terminal
from pointsmanctl.output.rollout_table import rollout_report, rollouts_table, safe
from pointsmanctl.stack.rollouts import LoadedRollout

type Update = Callable[[list[LoadedRollout]], None]


@contextmanager
def view(*, detailed: bool) -> Iterator[Update]:
    """Yield a function that shows the current rollouts. With `detailed`, it shows one rollout with its runs."""
    if not on_terminal():
        yield _Changes()
        return
    with Live(console=console(), auto_refresh=False, vertical_overflow="crop") as live:
        yield lambda rollouts: live.update(_render(rollouts, detailed=detailed), refresh=True)


@contextmanager
def quiet_view() -> Iterator[Update]:
    """Yield a function that shows nothing: programs only get the end."""
    yield lambda rollouts: None


def _render(rollouts: list[LoadedRollout], *, detailed: bool) -> RenderableType:
    if detailed:
        return rollout_report(rollouts[0], links=True)
    return rollouts_table(rollouts, datetime.now(UTC)) if rollouts else ""


class _Changes:
    """Prints one line for each state that changed since the last call."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def __call__(self, rollouts: list[LoadedRollout]) -> None:
        for loaded in map(safe, rollouts):
            rollout = loaded.rollout
            for name, run in loaded.newest.items():
                attempt = f" (attempt {run.attempt})" if run.attempt > 1 else ""
                self._print(f"{rollout.id} {name}", run.state.value, attempt)
            self._print(rollout.id, rollout.state.value)

    def _print(self, name: str, state: str, suffix: str = "") -> None:
        if self._states.get(name) != state + suffix:
            self._states[name] = state + suffix
            at = datetime.now(UTC)
            sys.stdout.write(f"{at:%H:%M:%S} {name} {state.replace('_', ' ')}{suffix}\n")
            sys.stdout.flush()
