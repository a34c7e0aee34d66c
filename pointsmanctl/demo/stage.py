"""What the demo prints: lettered scenes, progress, and checks that end the demo when they fail."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

from localcloud.waiting import wait_until
from pointsman.core.model import Rollout, Run, TargetName
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.text import format_duration
from pointsmanctl.output.styles import STYLES

MARKS = {
    "waiting": "⏳",
    "starting": "🔹",
    "running": "🔄",
    "succeeded": "✅",
    "failed": "❌",
    "refused": "⛔",
    "superseded": "⏭️",
}


class DemoFailed(Exception):
    """A check of the demo failed. The message says what was expected and what happened instead."""


class Stage:
    """The terminal, and the demo's clock."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()

    @property
    def elapsed(self) -> str:
        """The time since the demo began."""
        return format_duration(time.monotonic() - self._began)

    def scene(self, letter: str, title: str) -> None:
        """Print the heading of a scene."""
        self.console.print()
        self.console.print(Rule(Text(f" ({letter}) {title} ", style="bold"), align="left", characters="━"))

    def say(self, text: str) -> None:
        """Print a sentence."""
        self.console.print(Text(text))

    def show(self, thing: RenderableType) -> None:
        """Print a table or a panel."""
        self.console.print(thing)

    def check(self, holds: bool, expected: str, actual: object = "") -> None:
        """Print `expected` if it holds. Raises DemoFailed if not."""
        if not holds:
            raise DemoFailed(f"expected {expected}" + (f", got {actual}" if actual != "" else ""))
        self.console.print(Text.assemble(("✓ ", "bold green"), expected))

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show a spinner while a step runs (without a terminal: a line), then how long it took."""
        began = time.monotonic()
        if self.console.is_terminal:
            with Status(what, console=self.console) as status:
                yield lambda step: status.update(f"{what}: {step}")
        else:
            self.say(f"{what} ...")
            yield lambda step: self.say(f"  {step}")
        self.console.print(Text.assemble(("✓ ", "bold green"), what, (f"  {time.monotonic() - began:.1f} s", "dim")))

    def follow(
        self,
        load: Callable[[], tuple[Rollout, tuple[Run, ...]] | None],
        progress: Callable[[], object],
        standstill: float,
        until: Callable[[Rollout], bool] = lambda rollout: rollout.state.ended,
    ) -> Rollout:
        """Show the runs of a rollout, live, until it has ended, or until another condition.

        Raises LocalCloudError when `progress` has not changed for `standstill` seconds.
        """
        with _Watch(self.console) as watch:

            def reached() -> Rollout | None:
                if loaded := load():
                    watch.look(*loaded)
                return loaded[0] if loaded and (until(loaded[0]) or loaded[0].state.ended) else None

            return wait_until(reached, standstill, "the rollout makes no progress", progress)


class _Watch:
    """The runs of one rollout: a table that is redrawn on a terminal, a line for each change elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=False) if console.is_terminal else None
        self._printed: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._live.__exit__(None, None, None)

    def look(self, rollout: Rollout, runs: tuple[Run, ...]) -> None:
        newest = latest(runs)
        if self._live:
            self._live.update(runs_table(rollout, newest))
            return
        for name, run in newest.items():
            if self._printed.get(name) != run.state.value:
                self._printed[name] = run.state.value
                self._console.print(f"  {MARKS.get(run.state.value, '•')} {name} {run.state.value}")


def runs_table(rollout: Rollout, newest: dict[TargetName, Run]) -> Table:
    """Return the state of each run: one column per account, one row per region."""
    accounts = list(dict.fromkeys(target.account for target in rollout.spec.targets))
    table = Table(box=None, pad_edge=True, header_style="bold")
    table.add_column("")
    for account in accounts:
        table.add_column(account.upper(), min_width=26)
    for region in dict.fromkeys(target.region for target in rollout.spec.targets):
        table.add_row(region, *(_cell(newest.get(TargetName(f"{account}/{region}"))) for account in accounts))
    return table


def _cell(run: Run | None) -> Text:
    if run is None:
        return Text("·", style="dim")
    state = run.state.value
    took = ""
    if run.started_at and run.ended_at:
        took = f" in {format_duration((run.ended_at - run.started_at).total_seconds())}"
    return Text.assemble(MARKS.get(state, "•"), " ", (state.replace("_", " "), STYLES.get(state, "")), (took, "dim"))
