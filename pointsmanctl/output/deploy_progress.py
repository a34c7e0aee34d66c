"""Shows a deployment: one line for each stack on a terminal, which is redrawn; elsewhere one line for each phase."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pointsman.core.text import format_duration
from pointsmanctl.output.console import console

FRAMES_PER_SECOND = 8


@dataclass
class _Line:
    phase: str
    detail: str = ""
    started: float = field(default_factory=time.monotonic)
    ended: bool = False
    failed: bool = False


class PlainProgress:
    """Prints a line when the phase of a stack changes: for logs."""

    def __init__(self, out: Console) -> None:
        self._out, self._phases = out, dict[str, str]()
        self._lock = threading.Lock()

    def update(self, label: str, phase: str, detail: str = "") -> None:
        """Print a new phase; a detail is not printed."""
        with self._lock:
            if self._phases.get(label) != phase:
                self._phases[label] = phase
                self._out.print(Text(f"{label}: {phase}"), soft_wrap=True)

    def end(self, label: str, text: str, *, failed: bool = False) -> None:
        """Print how a stack ended."""
        with self._lock:
            self._phases[label] = text
            self._out.print(Text(f"{label}: {text}", style="red" if failed else ""), soft_wrap=True)


class LiveProgress:
    """Keeps one line for each stack on the terminal."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._spinner = Spinner("dots")
        self._lock = threading.Lock()

    def update(self, label: str, phase: str, detail: str = "") -> None:
        """Show a phase and its detail."""
        with self._lock:
            line = self._lines.get(label)
            if line is None or line.phase != phase or line.ended:
                self._lines[label] = _Line(phase, detail)
            else:
                line.detail = detail

    def end(self, label: str, text: str, *, failed: bool = False) -> None:
        """Show how a stack ended."""
        with self._lock:
            self._lines[label] = _Line(text, ended=True, failed=failed)

    def __rich__(self) -> Table:
        with self._lock:
            table = Table.grid(padding=(0, 1))
            for column in ("", "", "", ""):
                table.add_column(column, no_wrap=True)
            for label, line in self._lines.items():
                table.add_row(*self._cells(label, line))
            return table

    def _cells(self, label: str, line: _Line) -> tuple[Text, ...]:
        if line.ended:
            mark = Text("✗", "red") if line.failed else Text("✓", "green")
            return mark, Text(label), Text(line.phase, "red" if line.failed else ""), Text()
        frames = self._spinner.frames
        mark = Text(frames[int(time.monotonic() * FRAMES_PER_SECOND) % len(frames)])
        return mark, Text(label), Text(line.phase), Text(f"{line.detail} {_since(line.started)}".strip(), "dim")


def _since(started: float) -> str:
    return format_duration(time.monotonic() - started)


@contextmanager
def deploy_progress() -> Iterator[PlainProgress | LiveProgress]:
    """Show progress on stderr until the block ends."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield PlainProgress(out)
        return
    progress = LiveProgress()
    with Live(progress, console=out, refresh_per_second=FRAMES_PER_SECOND, get_renderable=progress.__rich__):
        yield progress
