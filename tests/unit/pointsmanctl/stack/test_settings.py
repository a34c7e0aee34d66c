"""Stack and region: option, else environment variable, else file, else default."""

from pathlib import Path

import pytest

from pointsmanctl.commands.audit import search
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.connection import Where
from pointsmanctl.stack.settings import StackSettings, read_settings
from tests.support.command_line import run


@pytest.fixture(autouse=True)
def directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory and a configuration directory without files."""
    for name in ("work", "config/pointsman"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def write(directories: Path, working: str = "", user: str = "") -> None:
    if working:
        (directories / "work/pointsman.toml").write_text(working)
    if user:
        (directories / "config/pointsman/config.toml").write_text(user)


def test_without_settings_the_defaults_apply() -> None:
    assert read_settings() == StackSettings("pointsman", None)


def test_the_file_here_goes_before_the_users_and_what_it_leaves_out_comes_from_there(directories: Path) -> None:
    write(directories, 'stack = "here"\n', 'stack = "user"\nregion = "eu-west-1"\n')
    assert read_settings() == StackSettings("here", "eu-west-1")
    assert read_settings("option", "us-east-1") == StackSettings("option", "us-east-1")


@pytest.mark.parametrize(
    ("variables", "options", "expected"),
    [
        ({}, (), StackSettings("file", "eu-west-1")),
        ({"POINTSMAN_STACK": "variable"}, (), StackSettings("variable", "eu-west-1")),
        ({"POINTSMAN_REGION": "us-east-1"}, (), StackSettings("file", "us-east-1")),
        ({"POINTSMAN_STACK": "variable"}, ("--stack", "option"), StackSettings("option", "eu-west-1")),
        ({"AWS_REGION": "us-east-1"}, (), StackSettings("file", "eu-west-1")),
    ],
    ids=str,
)
def test_the_command_uses_settings_in_order_of_precedence(
    monkeypatch: pytest.MonkeyPatch,
    directories: Path,
    variables: dict[str, str],
    options: tuple[str, ...],
    expected: StackSettings,
) -> None:
    write(directories, 'stack = "file"\nregion = "eu-west-1"\n')
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    taken: list[StackSettings] = []

    def connected(_: Where, stack: str | None, region: str | None) -> None:
        taken.append(read_settings(stack, region))
        raise InvalidInput("far enough")

    monkeypatch.setattr(search, "connect_stack", connected)
    assert run("audit", *options).exit_code == 2
    assert taken == [expected]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('regoin = "eu-west-1"\n', "unknown key 'regoin'; valid keys: stack, region"),
        ("stack = 7\n", "stack must be a non-empty text"),
        ('region = ""\n', "region must be a non-empty text"),
        ("stack = pointsman\n", "is not valid TOML"),
    ],
)
def test_an_invalid_file_is_named_with_the_reason(directories: Path, text: str, message: str) -> None:
    write(directories, user=text)
    done = run("status", "--cloud", "aws")
    assert done.exit_code == 2
    assert "pointsman/config.toml" in done.stderr
    assert message in done.stderr


def test_a_directory_instead_of_a_file_is_named(directories: Path) -> None:
    (directories / "work/pointsman.toml").mkdir()
    with pytest.raises(InvalidInput, match=r"pointsman\.toml cannot be read"):
        read_settings()
