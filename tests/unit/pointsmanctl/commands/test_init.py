"""`pointsman init` by options, without a terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from pointsmanctl.commands import init
from pointsmanctl.deployment.settings import read_deploy_settings
from tests.support.command_line import run

OPTIONS = ("--profile", "team", "--account", "dev=team", "--repository", "acme/infra", "--slack-channel", "C0123456789")


@pytest.fixture(autouse=True)
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty directory, and one AWS profile whose account moto answers for."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "aws.config"
    config.write_text("[profile team]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with mock_aws():
        yield tmp_path


def test_options_are_answers(directory: Path) -> None:
    done = run("init", "--yes", *OPTIONS, "--regions", "eu-west-1")
    assert done.exit_code == 0, done.output
    assert "Wrote routes.yaml and pointsman.toml." in done.stderr
    assert 'dev: "123456789012"' in (directory / "routes.yaml").read_text()
    settings = read_deploy_settings(directory / "pointsman.toml")
    assert (settings.profile, settings.profile_of("dev")) == ("team", "team")
    assert len(settings.external_id or "") == 32


def test_again_it_changes_only_what_an_option_says(directory: Path) -> None:
    run("init", "--yes", *OPTIONS, "--regions", "eu-west-1")
    before = (directory / "pointsman.toml").read_text()
    assert "Nothing to write" in run("init", "--yes").stderr
    assert "Wrote routes.yaml." in run("init", "--yes", "--regions", "eu-west-1,us-east-1").stderr
    assert (directory / "pointsman.toml").read_text() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (OPTIONS[:2], "name at least one account with hosts: --account NAME=PROFILE"),
        (
            OPTIONS[:4],
            "'' is not owner/name on GitHub, such as acme/infra, or the URL of a repository. Use --repository",
        ),
        (
            ("--profile", "missing"),
            "(empty: the default one): account missing: The config profile (missing) could not be found",
        ),
        (("--account", "dev"), "--account 'dev' is not NAME=VALUE"),
        (("--connection", "prod=arn"), "--connection: there is no account prod"),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_its_option(
    directory: Path, options: tuple[str, ...], message: str
) -> None:
    done = run("init", "--yes", *options)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (directory / "routes.yaml").exists()


def test_on_a_terminal_it_asks_and_asks_again_after_an_answer_that_is_not_valid(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "_prompt", lambda **_: init.TerminalPrompt())
    answers = ["", "missing", "team", "", "team", "", "", "eu-west-1", "acme/infra", "", "", "#deployments"]
    answers.append("C0123456789")
    done = run("init", stdin="".join(f"{each}\n" for each in answers))
    assert done.exit_code == 0, done.output
    assert "Region of the control stack [us-east-1]: " in done.stdout
    assert "Error: account missing: The config profile (missing) could not be found" in done.output
    assert "Error: '#deployments' is not the id of a Slack channel" in done.output
    assert "dev is account 123456789012." in done.stderr
    assert "branches: [main]" in (directory / "routes.yaml").read_text()
    assert read_deploy_settings(directory / "pointsman.toml").parameters == {"SlackChannel": "C0123456789"}


def test_without_a_terminal_it_does_not_ask() -> None:
    done = run("init")
    assert done.exit_code == 2
    assert "give the answers as options, with --yes" in done.stderr
