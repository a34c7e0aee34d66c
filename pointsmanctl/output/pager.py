"""Shows long answers in the user's pager, like git."""

import os
import shlex
import subprocess

DEFAULT = "less"
LESS = "FRX"  # exit if the text fits, keep colours and links, leave the text on the screen


def page(text: str) -> bool:
    """Show `text` in $PAGER or less. Returns False when that is not possible. An empty PAGER turns it off."""
    command = os.environ.get("PAGER", DEFAULT)
    try:
        words = shlex.split(command)
        if not words:
            return False
        environment = {"LESS": LESS} | os.environ
        running = subprocess.Popen(  # noqa: S603 - the user's own setting, without a shell
            words, stdin=subprocess.PIPE, env=environment, text=True, encoding="utf-8"
        )
    except (OSError, ValueError):  # not installed, or an open quote
        return False
    _feed(running, text)
    return True


def _feed(running: subprocess.Popen[str], text: str) -> None:
    """Write the text and wait. Leaving the pager early is not an error, and the pager handles Ctrl-C."""
    try:
        running.communicate(text)
    except BrokenPipeError:
        running.wait()
    except KeyboardInterrupt:
        running.wait()
