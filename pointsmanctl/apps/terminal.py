"""What the commands ask of a person: to open an address, to paste a secret, to confirm."""

import getpass
import sys
import webbrowser

import typer

from pointsmanctl.errors import InvalidInput
from pointsmanctl.output.messages import note, warn


def show_address(text: str, address: str, *, open_it: bool) -> None:
    """Print an address, alone on its line of stdout, and open it in the browser of this machine if asked to."""
    note(text)
    typer.echo(address)
    if open_it and not webbrowser.open(address):
        warn("There is no browser on this machine: open the address yourself.")


def read_secret_line(question: str) -> str:
    """Read one line that nobody else may see: hidden on a terminal, else from standard input. Raises InvalidInput."""
    text = getpass.getpass(f"{question}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise InvalidInput(f"nothing came from standard input. {question} there")
    return text.strip()


def is_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask on stderr before something is done. Raises InvalidInput without a terminal, typer.Abort after a no."""
    if yes:
        return
    if not is_terminal():
        raise InvalidInput(f"{question} There is no terminal to ask on: use --yes")
    typer.confirm(question, abort=True, err=True)
