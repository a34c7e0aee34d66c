"""The terminal, as every command uses it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from pointsman.core.text import escape_invisible
from pointsmanctl.harmless import KEPT

WIDTH_OF_A_FILE = 120


class _Harmless(Console):
    """What the trail tells is others' text: it cannot move the cursor, colour anything or turn a line around."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Console's, with control characters shown as their codes. What comes from the trail has none by then."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=escape_invisible(segment.text, KEPT))


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; what goes into a file or pipe is 120 columns wide."""
    made = _Harmless(stderr=stderr, highlight=False)
    return made if made.is_terminal else _Harmless(stderr=stderr, highlight=False, width=WIDTH_OF_A_FILE)
