"""Messages of a command. They go to stderr, so that a pipe gets only the answer."""


def note(text: str) -> None:
    """Print additional information."""
    _print(text, "dim")


def warn(text: str) -> None:
    """Print a warning, such as that the answer is incomplete."""
    _print(text, "")


def warn_of_more(limit: int, noun: str, remedy: str = "raise --limit or narrow --since") -> None:
    """Say that the answer has only the newest, and how to see more."""
    newest = f"{limit:,} {noun}s" if limit > 1 else noun
    warn(f"Showing the newest {newest}; {remedy} for more.")


def error(text: str) -> None:
    """Print why there is no answer."""
    _print(f"pointsman: {text}", "red")


def _print(text: str, style: str) -> None:
    from rich.text import Text

    from pointsmanctl.output.console import console

    console(stderr=True).print(Text(text, style), soft_wrap=True)
