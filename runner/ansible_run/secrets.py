"""Reads vault passwords and secret variables by name, from Secrets Manager and SSM."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .options import Options, SecretReference

type ClientOf = Callable[[str], Any]
"""A service's name to its boto3 client."""


class UnreadableError(Exception):
    """A secret cannot be read. The message has its name and the reason, and never the value."""


@dataclass(frozen=True)
class Secrets:
    """The values of a run."""

    passwords: Mapping[str, str] = field(default_factory=dict)  # by vault id
    variables: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    def values(self) -> list[str]:
        """Every value, for the redaction."""
        return [*self.passwords.values(), *self.variables.values()]


def read_secrets(options: Options, client: ClientOf) -> Secrets:
    """Every secret that the options name."""
    errors: list[str] = []
    passwords: dict[str, str] = {}
    variables: dict[str, str] = {}
    for vault in options.vault:
        _keep(passwords, vault.id, partial(_vault_password, client, vault.secret), errors)
    for name, reference in options.secrets.items():
        _keep(variables, name, partial(_variable, client, reference), errors)
    return Secrets(passwords, variables, tuple(errors))


def _keep(values: dict[str, str], name: str, read: Callable[[], str], errors: list[str]) -> None:
    try:
        values[name] = read()
    except UnreadableError as error:
        errors.append(str(error))


def _vault_password(client: ClientOf, name: str) -> str:
    password = _secret(client, name).strip()
    if not password:
        raise _without_text(name)
    return password


def _variable(client: ClientOf, reference: SecretReference) -> str:
    if reference.parameter:
        return _parameter(client, reference.parameter)
    text = _secret(client, reference.secret)
    return _key_of(text, reference) if reference.key else text


def _key_of(text: str, reference: SecretReference) -> str:
    try:
        value = json.loads(text)[reference.key]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError(f"secret {reference.secret} is not a JSON object with the key {reference.key}") from error
    if value is None:
        raise UnreadableError(f"secret {reference.secret} has no value for the key {reference.key}")
    return value if isinstance(value, str) else json.dumps(value)


def _secret(client: ClientOf, name: str) -> str:
    answer = _call(f"secret {name}", lambda: client("secretsmanager").get_secret_value(SecretId=name))
    if not (text := str(answer.get("SecretString") or "")):  # it is binary: hosts must not get an empty value instead
        raise _without_text(name)
    return text


def _without_text(name: str) -> UnreadableError:
    return UnreadableError(f"secret {name} has no text: store it with `aws secretsmanager put-secret-value`")


def _parameter(client: ClientOf, name: str) -> str:
    answer = _call(f"parameter {name}", lambda: client("ssm").get_parameter(Name=name, WithDecryption=True))
    return str(answer["Parameter"]["Value"])


def _call(what: str, call: Callable[[], Any]) -> Any:
    advice = "Check that it exists in this account and region, and that the worker stack lists it for builds"
    try:
        return call()
    except ClientError as error:
        raise UnreadableError(f"{what} cannot be read: {error.response['Error']['Code']}. {advice}") from error
    except BotoCoreError as error:
        raise UnreadableError(f"{what} cannot be read: {error}") from error
