"""Secrets by name: what is read, what cannot be read, and where the values are while a run lasts."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_run import kept_secrets
from ansible_run.options import Options, SecretReference, VaultPassword
from ansible_run.secrets import Secrets, read_secrets
from botocore.exceptions import ClientError, EndpointConnectionError


class FakeAws:
    """Secrets Manager and SSM with a few values, and which of them were read."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self.read: list[str] = []

    def __call__(self, service: str) -> "FakeAws":
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803
        if SecretId == "keystore":
            return {"SecretBinary": b"\xfe\xed"}
        return {"SecretString": self._value(SecretId)}

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803
        assert WithDecryption
        return {"Parameter": {"Value": self._value(Name)}}

    def _value(self, name: str) -> str:
        self.read.append(name)
        if name == "unreachable":
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")
        if name not in self._values:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": name}}, "GetSecretValue")
        return self._values[name]


DB = json.dumps({"password": "p", "port": 5432, "nobody": None})
AWS = {"vault": "open sesame\n", "prod": "shut", "db": DB, "/token": "t"}


def read(options: Options) -> Secrets:
    return read_secrets(options, FakeAws(AWS))


def test_vault_passwords_are_read_by_their_ids() -> None:
    found = read(Options(vault=(VaultPassword("vault"), VaultPassword("prod", "prod"))))
    assert found == Secrets({"default": "open sesame", "prod": "shut"})


def test_without_names_nothing_is_read() -> None:
    assert read(Options()) == Secrets()


def test_variables_come_from_secrets_their_keys_and_parameters() -> None:
    secrets = {
        "whole": SecretReference(secret="db"),
        "password": SecretReference(secret="db", key="password"),
        "port": SecretReference(secret="db", key="port"),
        "token": SecretReference(parameter="/token"),
    }
    found = read(Options(secrets=secrets))
    assert found.variables == {"whole": AWS["db"], "password": "p", "port": "5432", "token": "t"}
    assert found.errors == ()


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        (SecretReference(secret="none"), "secret none cannot be read: AccessDeniedException. Check that it exists"),
        (SecretReference(parameter="/none"), "parameter /none cannot be read: AccessDeniedException. Check that it"),
        (SecretReference(secret="unreachable"), "secret unreachable cannot be read: Could not connect"),
        (SecretReference(secret="db", key="user"), "secret db is not a JSON object with the key user"),
        (SecretReference(secret="prod", key="user"), "secret prod is not a JSON object with the key user"),
        (SecretReference(secret="db", key="nobody"), "secret db has no value for the key nobody"),
        (SecretReference(secret="keystore"), "secret keystore has no text: store it"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_value(reference: SecretReference, error: str) -> None:
    found = read(Options(secrets={"a": reference}))
    assert found.variables == {}
    assert found.errors[0].startswith(error)
    assert "shut" not in found.errors[0]


def test_every_secret_that_cannot_be_read_is_named_at_once() -> None:
    options = Options(vault=(VaultPassword("none"),), secrets={"a": SecretReference(secret="none")})
    assert len(read(options).errors) == 2


def test_an_empty_vault_password_is_an_error() -> None:
    found = read_secrets(Options(vault=(VaultPassword("empty"),)), FakeAws({"empty": "\n"}))
    assert found.errors[0].startswith("secret empty has no text: store it")


# --- while a run lasts ----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_secrets, "_SHARED_MEMORY", tmp_path)
    return tmp_path


def test_only_the_owner_can_read_the_variables_until_they_are_forgotten(shared_memory: Path) -> None:
    places = kept_secrets.keep(Secrets(variables={"a": "b"}))
    file = Path(places["POINTSMAN_SECRETS"])
    assert file.is_relative_to(shared_memory)
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    kept_secrets.forget()
    assert list(shared_memory.iterdir()) == []


def test_what_a_killed_runner_left_is_replaced(shared_memory: Path) -> None:
    kept_secrets.keep(Secrets(variables={"old": "1"}))
    places = kept_secrets.keep(Secrets(variables={"new": "2"}))
    assert Path(places["POINTSMAN_SECRETS"]).read_text() == 'new: !unsafe "2"\n'


def test_vault_passwords_are_in_no_directory(shared_memory: Path) -> None:
    places = kept_secrets.keep(Secrets(passwords={"prod": "shut"}))
    assert json.loads(Path(places["POINTSMAN_VAULT"]).read_text()) == {"prod": "shut"}
    assert list(shared_memory.iterdir()) == []


@pytest.mark.parametrize("value", ["a: b", "{{ x }}", "two\nlines", 'a "quote"', "\u00fc\u2028", "x" * 500, "- a", "1"])
def test_every_text_arrives_as_it_is(value: str) -> None:
    class Loader(yaml.SafeLoader):
        """Knows Ansible's tag."""

    Loader.add_constructor("!unsafe", lambda _, node: node.value)
    written = kept_secrets.as_variables({"a": value, "b": value})
    assert yaml.load(written, Loader) == {"a": value, "b": value}
