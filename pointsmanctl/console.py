"""The terminal, as every command uses it."""

from rich.console import Console

WIDTH_OF_A_FILE = 120


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; what goes into a file or pipe is 120 columns wide."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH_OF_A_FILE)
