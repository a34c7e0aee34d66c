"""What a command says beside its answer: on stderr, so that pipes get the answer alone."""


def note(text: str) -> None:
    """Something worth knowing."""
    _print(text, "dim")


def warn(text: str) -> None:
    """Something that the answer lacks."""
    _print(text, "")


def error(text: str) -> None:
    """Why there is no answer."""
    _print(f"pointsman: {text}", "red")


def _print(text: str, style: str) -> None:
    from rich.text import Text

    from pointsmanctl.output.console import console

    console(stderr=True).print(Text(text, style), soft_wrap=True)
