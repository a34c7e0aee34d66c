"""The command as a whole: help, version, completion, and what may be imported for them."""

import inspect
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from pointsmanctl.errors import ExitCode
from pointsmanctl.lazy_group import Lazy, LazyGroup
from pointsmanctl.main import PointsmanGroup
from tests.support.command_line import run, usage_error

HEAVY = ("boto3", "botocore", "yaml", "localcloud", "pointsman.core.trail.events", "pointsman.core.model")
IMPORTED = f"""
import sys
from pointsmanctl.main import main
sys.argv = ["pointsman", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("imported:", *(name for name in {("pydantic", *HEAVY)!r} if name in sys.modules))
"""


def commands(group: type[LazyGroup] = PointsmanGroup, *above: str) -> Iterator[tuple[tuple[str, ...], Lazy]]:
    for name, lazy in group.lazy.items():
        yield (*above, name), lazy
        module, _, attribute = lazy.where.partition(":")
        command = getattr(import_module(module), attribute)
        if isinstance(command, typer.Typer):
            inner = command.info.cls
            assert inner
            assert issubclass(inner, LazyGroup)
            yield from commands(inner, *above, name)


EVERY = [pytest.param(words, lazy, id=" ".join(words)) for words, lazy in commands()]


@pytest.mark.parametrize(
    "words",
    [("--help",), ("--version",), ("status", "-h"), ("audit", "-h"),
     ("audit", "host", "-h"), ("audit", "blame", "-h"), ("audit", "show", "-h"),
     ("audit", "reindex", "-h"), ("audit", "verify", "-h"), ("audit", "backfill", "-h"),
     ("why", "-h"), ("erratum", "-h"),
     ("init", "-h"), ("deploy", "-h"), ("github-app", "-h"), ("slack-app", "-h"),
     ("doctor", "-h"), ("destroy", "-h"), ("routes", "-h"),
     ("routes", "explain", "-h"), ("local", "-h"), ("local", "push", "-h")],
    ids=" ".join,
)  # fmt: skip
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    _, *imported = done.stdout.splitlines()[-1].split()
    # Typer itself reads the options of groups with pydantic, once there is a command.
    assert imported == [] or (len(words) > 1 and imported == ["pydantic"])


@pytest.mark.parametrize(("words", "lazy"), EVERY)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_that_begins_with_its_summary(words: tuple[str, ...], lazy: Lazy, option: str) -> None:
    done = run(*words, option)
    assert done.exit_code == 0
    assert f"Usage: pointsman {' '.join(words)}" in done.output
    assert lazy.summary in " ".join(done.output.split())


@pytest.mark.parametrize(("words", "lazy"), EVERY)
def test_a_summary_is_the_first_line_of_what_it_is_about(words: tuple[str, ...], lazy: Lazy) -> None:
    module, _, attribute = lazy.where.partition(":")
    command = getattr(import_module(module), attribute)
    text = command.info.help if isinstance(command, typer.Typer) else inspect.getdoc(command)
    assert text
    assert text.partition("\n")[0] == lazy.summary, words


def test_the_version_is_the_packages() -> None:
    assert run("--version").output == f"pointsman {version('pointsman')}\n"


def test_a_mistyped_command_is_a_usage_error_with_a_suggestion() -> None:
    assert "Did you mean 'status'?" in usage_error("statsu")
    assert "Did you mean 'check'?" in usage_error("routes", "chekc")


@pytest.mark.parametrize(("line", "expected"), [("pointsman rou", "routes"), ("pointsman routes ex", "explain")])
def test_commands_are_completed(monkeypatch: pytest.MonkeyPatch, line: str, expected: str) -> None:
    monkeypatch.setenv("_POINTSMAN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    assert run().output.split() == [expected]


def test_values_of_output_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_POINTSMAN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "pointsman audit --output js")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert run().output.split() == ["json", "jsonl"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_completion_script_that_it_can_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: str
) -> None:
    monkeypatch.setenv("_POINTSMAN_COMPLETE", f"source_{shell}")
    script = tmp_path / "script"
    script.write_text(run().output)
    assert f"_POINTSMAN_COMPLETE=complete_{shell}" in script.read_text()
    if program := shutil.which(shell):
        subprocess.run([program, "-n", script], check=True)


def test_without_the_emulator_the_local_commands_say_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "localcloud"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "localcloud", None)
    done = run("local", "status")
    assert done.exit_code == ExitCode.UNAVAILABLE
    assert "run it from a checkout of Pointsman: `make up`" in " ".join(done.stderr.split())
