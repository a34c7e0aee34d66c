"""One shell for all commands of a build."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.cloud import TIMEOUT_SECONDS, wait_until
from localcloud.codebuild.shell import Shell, ShellInterrupted, quote

type Make = Callable[[str], Shell]


@pytest.fixture
def output() -> list[str]:
    return []


@pytest.fixture(params=["/bin/sh", "bash"])
def shell(request: pytest.FixtureRequest, tmp_path: Path, output: list[str]) -> Iterator[Shell]:
    work = tmp_path / "it's $HOME"
    work.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "GREETING": "hello"}
    made = Shell(request.param, environment, work, tmp_path, output.append)
    yield made
    made.close()


def test_output_and_exit_status_come_back(shell: Shell, output: list[str]) -> None:
    assert shell.run("echo $GREETING; echo oops >&2; printf 'no newline'") == 0
    assert shell.run("(exit 3)") == 3
    assert output == ["hello", "oops", "no newline"]


def test_variables_functions_and_directory_live_on(shell: Shell, output: list[str]) -> None:
    shell.run("PLAIN=1; export SHOWN='a b'; twice() { echo $1 $1; }; mkdir deep; cd deep")
    shell.run('echo $PLAIN $SHOWN; twice x; basename "$PWD"')
    assert output == ["1 a b", "x x", "deep"]


def test_a_command_that_ends_the_shell_fails_and_the_next_finds_exported_state(shell: Shell, output: list[str]) -> None:
    shell.run('export KEPT="it\'s\nkept"; mkdir deep; cd deep')
    assert shell.run("exit 7") == 7
    assert shell.run('echo "$KEPT"; basename "$PWD"') == 0
    assert output == ["it's", "kept", "deep"]


def test_a_syntax_error_fails_its_command_alone(shell: Shell, output: list[str]) -> None:
    assert shell.run("if then") == 2
    assert shell.run("echo fine") == 0
    assert output[-1] == "fine"


def test_set_e_ends_the_command_at_its_first_failure(shell: Shell, output: list[str]) -> None:
    assert shell.run("set -e\nfalse\necho unreachable") == 1
    assert shell.run("echo next") == 0
    assert output == ["next"]


def test_a_command_finds_its_standard_input_empty(shell: Shell, output: list[str]) -> None:
    assert shell.run("cat; echo read") == 0
    assert output == ["read"]


def test_a_shell_with_redirected_output_still_reports_its_status(shell: Shell) -> None:
    assert shell.run("exec >/dev/null 2>&1") == 0
    assert shell.run("echo hidden; (exit 4)") == 4


def test_given_variables_are_data(shell: Shell, output: list[str]) -> None:
    shell.run('echo "$REF"', {"REF": "'; touch pwned; echo $(id) '"})
    assert output == ["'; touch pwned; echo $(id) '"]


def test_an_exported_variable_can_be_read_back(shell: Shell) -> None:
    assert shell.variable("RESULT") is None
    shell.run("export RESULT='two words'")
    assert shell.variable("RESULT") == "two words"
    assert shell.variable("NEVER_SET") == ""


def test_interrupting_ends_the_command_with_everything_it_started(shell: Shell, tmp_path: Path) -> None:
    children = tmp_path / "children"

    def interrupt_once_it_runs() -> None:
        wait_until(lambda: children.exists() and children.read_text().strip(), TIMEOUT_SECONDS, "nothing runs")
        shell.interrupt()

    threading.Thread(target=interrupt_once_it_runs).start()
    with pytest.raises(ShellInterrupted):
        shell.run(f"sleep 3600 & echo $! > {quote(str(children))}; sleep 3600")
    child = Path(f"/proc/{children.read_text().strip()}/status")
    wait_until(
        lambda: not child.exists() or "State:\tZ" in child.read_text(), TIMEOUT_SECONDS, "a child outlives its command"
    )


def test_nothing_runs_after_an_interruption(shell: Shell, output: list[str]) -> None:
    shell.interrupt()
    with pytest.raises(ShellInterrupted):
        shell.run("echo no")
    assert output == []
