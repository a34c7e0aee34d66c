"""The terminal for every command, and its replacement when stdout is a file or a pipe."""

import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.segment import Segment

from pointsman.core.text import escape_invisible
from pointsmanctl.output.lines import LineTable
from pointsmanctl.output.pager import page
from pointsmanctl.output.sanitize import KEPT

WIDTH_OF_A_FILE = 120
WIDEST = 1_000_000  # columns: nothing is wrapped or cut


class SafeConsole(Console):
    """Text of the trail comes from others: it cannot move the cursor, colour anything or turn a line around."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Console does, with control characters as their codes. Text of the trail has none at this point."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=escape_invisible(segment.text, KEPT))


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; 120 columns for a file or a pipe."""
    terminal = SafeConsole(stderr=stderr, highlight=False)
    return terminal if terminal.is_terminal else SafeConsole(stderr=stderr, highlight=False, width=WIDTH_OF_A_FILE)


def on_terminal() -> bool:
    """Whether a person sees stdout directly."""
    return sys.stdout.isatty()


def show(answer: RenderableType, *, pager: bool = True) -> None:
    """Print an answer on stdout: laid out for a terminal; elsewhere at full width, one record per line."""
    if not on_terminal():
        sys.stdout.write(_unwrapped(answer))
        return
    terminal = console()
    text = _rendered(terminal, answer)
    too_long = text.count("\n") >= terminal.height
    if not (pager and too_long and page(text)):
        sys.stdout.write(text)


def _unwrapped(answer: RenderableType) -> str:
    answer = answer.plain() if isinstance(answer, LineTable) else answer
    wide = SafeConsole(highlight=False, width=WIDEST)
    needed = Measurement.get(wide, wide.options, answer).maximum
    text = _rendered(SafeConsole(highlight=False, width=max(needed, WIDTH_OF_A_FILE)), answer)
    return "".join(f"{line.rstrip()}\n" for line in text.removesuffix("\n").split("\n"))


def _rendered(where: Console, answer: RenderableType) -> str:
    with where.capture() as captured:
        where.print(answer)
    return captured.get()
