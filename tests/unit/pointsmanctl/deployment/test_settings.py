"""pointsman.toml, as `pointsman deploy` reads it."""

from pathlib import Path

import pytest

from pointsmanctl.deployment.settings import DeploySettings, read_deploy_settings
from pointsmanctl.errors import InvalidInput
from pointsmanctl.stack.settings import DEPLOYMENT_KEYS, KEYS


def test_without_a_file_the_defaults_apply(tmp_path: Path) -> None:
    assert read_deploy_settings(tmp_path / "pointsman.toml") == DeploySettings()


def test_values_become_the_texts_that_cloudformation_expects(tmp_path: Path) -> None:
    path = tmp_path / "pointsman.toml"
    path.write_text('[parameters]\nReceiverConcurrency = 0\nAuditDeletionProtection = true\nList = ["a", "b"]\n')
    settings = read_deploy_settings(path)
    assert settings.parameters == {"ReceiverConcurrency": "0", "AuditDeletionProtection": "true", "List": "a,b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[accounts.dev]\nprofil = 'x'\n", "accounts.dev.profil: unknown key"),
        ("external_id = 7\n", "external_id: must be a valid string"),
        ("stack = \n", "is not valid TOML"),
    ],
)
def test_an_invalid_file_is_named_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pointsman.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"pointsman\.toml") as error:
        read_deploy_settings(path)
    assert message in str(error.value)


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_deploy_settings(tmp_path)


def test_every_key_of_the_file_is_known_to_the_commands_that_only_read_the_stack() -> None:
    """Both read the same file, and refuse a key that they do not know."""
    assert {*KEYS, *DEPLOYMENT_KEYS} == DeploySettings.model_fields.keys()
