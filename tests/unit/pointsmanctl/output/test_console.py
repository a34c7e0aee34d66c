"""Tables on a terminal and in a pipe: width, colours, the pager."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = """
from rich.text import Text
from pointsmanctl.output.console import show
from pointsmanctl.output.lines import Line, LineTable, header
row = Line((Text("r-3f2a9c0d1e2b4a56"), Text("failed", "red")), Text("word " * 40), [Text("below\\nit")])
show(LineTable([header("ID", "STATE", "WHY"), *[row] * {rows}]), pager={pager})
"""


def environment(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **variables}


def in_pipe(rows: int = 2, **variables: str) -> str:
    command = [sys.executable, "-c", SHOW.format(rows=rows, pager=True)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment(**variables)).stdout


def on_terminal(rows: int = 2, *, pager: bool = True, **variables: str) -> str:
    """What a person sees."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SHOW.format(rows=rows, pager=pager)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**variables)) as running:
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    assert running.returncode == 0, seen
    return seen.decode().replace("\r\n", "\n")


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that says that it was one."""
    script = tmp_path / "pager"
    script.write_text("#!/bin/sh\necho PAGED with $1\ncat\n")
    script.chmod(0o755)
    return f"{script} 'an option'"


def test_in_a_pipe_a_record_is_one_full_line_without_colours() -> None:
    header, *lines = in_pipe().splitlines()
    assert header == "ID                  STATE   WHY"
    assert len(lines) == 2
    assert lines[0].endswith("word word  · below it")
    assert "\x1b" not in lines[0]


def test_colours_in_a_pipe_can_be_forced() -> None:
    assert "\x1b[31mfailed" in in_pipe(FORCE_COLOR="1")


def test_on_a_terminal_a_table_fits_into_its_columns_and_has_colours() -> None:
    seen = on_terminal()
    assert "\x1b[31mfailed" in seen
    assert "\x1b[31m" not in on_terminal(NO_COLOR="1")
    assert max(len(line) for line in on_terminal(TERM="dumb").splitlines()) <= 80


def test_a_long_answer_goes_through_the_pager_and_a_short_one_does_not(pager: str) -> None:
    assert "PAGED with an option" in on_terminal(40, PAGER=pager)
    assert "PAGED" not in on_terminal(2, PAGER=pager)


def test_the_pager_can_be_turned_off(pager: str) -> None:
    assert "PAGED" not in on_terminal(40, pager=False, PAGER=pager)
    assert on_terminal(40, PAGER="").count("r-3f2a9c0d1e2b4a56") == 40


@pytest.mark.parametrize("command", ["/nowhere/pager", "open 'quote"])
def test_a_pager_that_cannot_start_is_left_out(command: str) -> None:
    assert on_terminal(40, PAGER=command).count("r-3f2a9c0d1e2b4a56") == 40


def test_a_pager_that_ends_early_is_not_an_error() -> None:
    on_terminal(3000, PAGER="true")
