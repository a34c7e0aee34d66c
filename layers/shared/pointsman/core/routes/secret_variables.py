"""Find secrets in routes.yaml. Variables are passed in a build's environment, which is part of every build event."""

from collections.abc import Iterator
from typing import Any

from redaction import Redactor, is_plain, is_secret_name

ADVICE = "store it in Secrets Manager or SSM and give its name in `secrets`, or keep it in Ansible Vault"


def secrets_in(variables: dict[str, Any]) -> list[str]:
    """An error for each variable that contains a secret, judged by its name or the format of its value."""
    return [f"{location} contains a secret: {ADVICE}" for location in _locations("", variables)]


def looks_secret(text: str) -> bool:
    """Whether a text has the format of a token or a key."""
    return Redactor().redact(text) != text


def _locations(location: str, value: object, *, named: bool = False) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _locations(f"{location}.{name}".lstrip("."), inner, named=named or is_secret_name(str(name)))
        case list():
            for number, inner in enumerate(value):
                yield from _locations(f"{location}[{number}]", inner, named=named)
        case str() if (named and not is_plain(value)) or looks_secret(value):
            yield location
        case int() | float() if named and not isinstance(value, bool) and not is_plain(str(value)):
            yield location
