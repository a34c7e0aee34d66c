"""A parameter in pointsman.toml: set, and everything else as it was."""

from pathlib import Path

import pytest

from pointsmanctl.apps.deployed_parameter import set_parameter
from pointsmanctl.deployment.settings import read_deploy_settings


@pytest.mark.parametrize(
    "text",
    [
        "",
        'stack = "pointsman" # ours\n',
        '[parameters]\nLogLevel = "DEBUG" # for now\n\n[accounts.dev]\nprofile = "dev"\n',
        '[parameters]\nGithubApiSecretName = "old"\n',
    ],
)
def test_a_parameter_is_set_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pointsman.toml"
    path.write_text(text)
    before = read_deploy_settings(path)
    assert set_parameter(path, "GithubApiSecretName", "pointsman/github-api")
    after = read_deploy_settings(path)
    assert after.parameters == {**before.parameters, "GithubApiSecretName": "pointsman/github-api"}
    assert after.accounts == before.accounts
    assert [part for part in text.splitlines() if "#" in part and part not in path.read_text()] == []
    written = path.read_text()
    assert set_parameter(path, "GithubApiSecretName", "pointsman/github-api")
    assert path.read_text() == written


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    assert not set_parameter(tmp_path / "pointsman.toml", "GithubApiSecretName", "x")
    assert list(tmp_path.iterdir()) == []
