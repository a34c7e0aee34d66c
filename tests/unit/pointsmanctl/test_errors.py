"""Errors and exit statuses: in one place, in the drawn tree and in the documented table."""

import re
from pathlib import Path

import pytest

from pointsman.errors import Conflict, Misconfigured, PointsmanError, Unavailable
from pointsmanctl import errors
from pointsmanctl.commands.audit import search
from pointsmanctl.errors import CloudUnavailable, CommandError, ExitCode, InvalidInput, NotFound, exit_code_of
from tests.support.command_line import run

DOCUMENT = Path("docs/reference/command-line.md").read_text()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("x"), 1),
        (Conflict("x"), 1),
        (InvalidInput("x"), 2),
        (NotFound("x"), 3),
        (CloudUnavailable("x"), 4),
        (Unavailable("x"), 4),
        (Misconfigured("x"), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_ends_a_command_with_one_line_and_its_status(
    monkeypatch: pytest.MonkeyPatch, error: CommandError | PointsmanError, code: int
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(search, "connect_stack", fails)
    done = run("audit")
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", "pointsman: x\n")
    assert exit_code_of(error) == code


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise LookupError("x")

    monkeypatch.setattr(search, "connect_stack", fails)
    assert isinstance(run("audit").exception, LookupError)


def test_every_error_of_the_command_is_in_the_drawn_tree_with_its_status() -> None:
    drawn = {name: int(code) for name, code in re.findall(r"(\w+)\s+(\d)   ", errors.__doc__ or "")}
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CommandError)]
    assert drawn == {each.__name__: each.exit_code for each in classes}


def test_every_exit_status_is_documented() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    assert documented == {code.value for code in ExitCode}
