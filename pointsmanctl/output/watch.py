"""Shows rollouts while they run: a table that is redrawn on a terminal, one line per change elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.live import Live

from pointsmanctl.output.console import console, on_terminal
from pointsmanctl.output.rollout_table import rollout_report, rollouts_table, safe
from pointsmanctl.output.waits import waits_of
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
    """Prints one line for each state that changed since the last call, and for each wait that began."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._waits: set[str] = set()

    def __call__(self, rollouts: list[LoadedRollout]) -> None:
        for loaded in map(safe, rollouts):
            rollout = loaded.rollout
            for name, run in loaded.newest.items():
                attempt = f" (attempt {run.attempt})" if run.attempt > 1 else ""
                self._print(f"{rollout.id} {name}", run.state.value, attempt)
            self._print(rollout.id, rollout.state.value)
            self._print_waits(loaded)

    def _print_waits(self, loaded: LoadedRollout) -> None:
        """Print what the rollout waits for, once for each beginning, with the commands that end the wait."""
        rollout = loaded.rollout
        lines = {f"{rollout.id} {each}": each for each in waits_of(rollout, loaded.newest)}
        for line, waiting in lines.items():
            if line not in self._waits:
                _write(line)
                for command in waiting.commands:
                    _write(f"{rollout.id}   {command}")
        others = {each for each in self._waits if not each.startswith(rollout.id)}
        self._waits = others | set(lines)

    def _print(self, name: str, state: str, suffix: str = "") -> None:
        if self._states.get(name) != state + suffix:
            self._states[name] = state + suffix
            _write(f"{name} {state.replace('_', ' ')}{suffix}")


def _write(line: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {line}\n")
    sys.stdout.flush()
