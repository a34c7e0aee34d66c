"""Secrets in routes.yaml: variables travel as a build's environment, which CodeBuild repeats in every event."""

from collections.abc import Iterator
from typing import Any

from redaction import Redactor, is_plain, is_secret_name

ADVICE = (
    "keep it in Ansible Vault (the worker stack's VaultSecretName), or let the playbook look it up in Secrets Manager"
)


def secrets_in(variables: dict[str, Any]) -> list[str]:
    """What is wrong with each variable that holds a secret: by its name, or by the shape of its value."""
    return [f"{location} holds a secret: {ADVICE}" for location in _places("", variables)]


def _places(location: str, value: object, *, named: bool = False) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _places(f"{location}.{name}".lstrip("."), inner, named=named or is_secret_name(str(name)))
        case list():
            for number, inner in enumerate(value):
                yield from _places(f"{location}[{number}]", inner, named=named)
        case str() if (named and not is_plain(value)) or Redactor().redact(value) != value:
            yield location
        case int() | float() if named and not isinstance(value, bool) and not is_plain(str(value)):
            yield location
