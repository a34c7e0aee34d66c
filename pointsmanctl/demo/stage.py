"""What the demo prints: numbered scenes, progress while things happen, and checks that end it when they fail."""

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
from pointsman.core.model import Rollout, Run
from pointsman.core.rollouts.reconcile import latest
from pointsmanctl.output.styles import STYLES
from pointsmanctl.output.times import duration

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
    """Something was not as the demo promises. The message says what was expected and what came."""


class Stage:
    """The terminal, and the demo's clock."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()

    @property
    def elapsed(self) -> str:
        """How long the demo has been going on."""
        return duration(time.monotonic() - self._began)

    def scene(self, letter: str, title: str) -> None:
        """Begin a scene."""
        self.console.print()
        self.console.print(Rule(Text(f" ({letter}) {title} ", style="bold"), align="left", characters="━"))

    def say(self, text: str) -> None:
        """One plain sentence."""
        self.console.print(Text(text))

    def show(self, thing: RenderableType) -> None:
        """A table or panel."""
        self.console.print(thing)

    def check(self, holds: bool, expected: str, came: object = "") -> None:
        """Print a promise that was kept; end the demo with one that was not."""
        if not holds:
            raise DemoFailed(f"expected {expected}" + (f"; what came was {came}" if came != "" else ""))
        self.console.print(Text.assemble(("✓ ", "bold green"), expected))

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[str], None]]:
        """A spinner while something works (a line where there is no terminal), and how long it took after it."""
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
    ) -> Rollout:
        """Show a rollout's runs, live, until it has ended.

        Raises LocalCloudError when `progress` has said the same for `standstill` seconds.
        """
        with _Watch(self.console) as watch:

            def ended() -> Rollout | None:
                if loaded := load():
                    watch.look(*loaded)
                return loaded[0] if loaded and loaded[0].state.ended else None

            return wait_until(ended, standstill, "the rollout stands still", progress)


class _Watch:
    """The runs of one rollout: a table that is drawn anew on a terminal, a line for each change elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=False) if console.is_terminal else None
        self._told: dict[str, str] = {}

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
            if self._told.get(name) != run.state.value:
                self._told[name] = run.state.value
                self._console.print(f"  {MARKS.get(run.state.value, '•')} {name} {run.state.value}")


def runs_table(rollout: Rollout, newest: dict[str, Run]) -> Table:
    """Accounts across, regions down: where each run is."""
    accounts = list(dict.fromkeys(target.account for target in rollout.spec.targets))
    table = Table(box=None, pad_edge=True, header_style="bold")
    table.add_column("")
    for account in accounts:
        table.add_column(account.upper(), min_width=26)
    for region in dict.fromkeys(target.region for target in rollout.spec.targets):
        table.add_row(region, *(_cell(newest.get(f"{account}/{region}")) for account in accounts))
    return table


def _cell(run: Run | None) -> Text:
    if run is None:
        return Text("·", style="dim")
    state = run.state.value
    took = ""
    if run.started_at and run.ended_at:
        took = f" in {duration((run.ended_at - run.started_at).total_seconds())}"
    return Text.assemble(MARKS.get(state, "•"), " ", (state.replace("_", " "), STYLES.get(state, "")), (took, "dim"))
