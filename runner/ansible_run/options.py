"""The options of a run, from the JSON object in POINTSMAN_OPTIONS. Each value is checked again here."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_PATH = r"[\w.@+][\w.@+-]*(/[\w.@+][\w.@+-]*)*"
_TAG = r"[\w.:]+(-[\w.:]+)*"
_VARIABLE = r"[A-Za-z_]\w{0,127}"
_SECRET = r"[\w/+=.@-]{1,512}"  # noqa: S105 - a pattern
_BATCH = r"[1-9][0-9]{0,4}|([1-9][0-9]?|100)%"
# What the build itself sets.
_RESERVED_ENVIRONMENT = re.compile(r"(POINTSMAN|CODEBUILD)_.*|PATH|HOME|TMPDIR")
FORKS = 500
VERBOSITY = 4


@dataclass(frozen=True)
class SecretReference:
    """A secret of Secrets Manager, or one key of it, or a parameter of SSM."""

    secret: str = ""
    key: str = ""
    parameter: str = ""


@dataclass(frozen=True)
class VaultPassword:
    """A vault password by the name of its secret, with Ansible's id for it."""

    secret: str
    id: str = "default"


@dataclass(frozen=True)
class Options:
    """The options of a run. Paths other than `directory` are relative to it."""

    directory: str = "."
    inventory: tuple[str, ...] = ()
    requirements: tuple[str, ...] | None = None  # None: the usual places
    vault: tuple[VaultPassword, ...] = ()
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)
    skip_tags: tuple[str, ...] = ()
    forks: int | None = None
    verbosity: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    serial: str = ""  # hosts at a time in every play; empty: the plays decide
    errors: tuple[str, ...] = ()


def read_options(text: str) -> Options:
    """The options, with an error for each wrong value, which then keeps its default."""
    try:
        given = json.loads(text or "{}")
    except ValueError as error:
        return Options(errors=(f"POINTSMAN_OPTIONS is not JSON: {error}",))
    if not isinstance(given, dict):
        return Options(errors=("POINTSMAN_OPTIONS is not a JSON object",))
    values: dict[str, Any] = {}
    errors = []
    for name, value in given.items():
        if value is None:
            continue
        if name not in _READERS:
            errors.append(f"POINTSMAN_OPTIONS: {name} is not an option of this version. Deploy the worker stack again")
            continue
        try:
            values[name] = _READERS[name](value)
        except (TypeError, ValueError, AttributeError) as error:
            errors.append(f"POINTSMAN_OPTIONS: {name} {error}")
    return Options(**values, errors=tuple(errors))


def _text(value: Any, pattern: str, meaning: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValueError(f"has {value!r}, which is not {meaning}")
    return value


def _path(value: Any) -> str:
    return _text(value, _PATH, "a relative path")


def _list[T](read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_list(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError("is not a list")  # noqa: TRY004 - one kind of error for the reader
        return tuple(read(each) for each in value)

    return read_list


def _mapping[T](read: Callable[[str, Any], T]) -> Callable[[Any], dict[str, T]]:
    def read_mapping(value: Any) -> dict[str, T]:
        if not isinstance(value, dict):
            raise ValueError("is not an object")  # noqa: TRY004 - one kind of error for the reader
        return {_text(name, _VARIABLE, "a variable's name"): read(name, each) for name, each in value.items()}

    return read_mapping


def _number(least: int, most: int) -> Callable[[Any], int]:
    def read_number(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"is not a number from {least} to {most}")
        return value

    return read_number


def _vault(value: Any) -> VaultPassword:
    secret = _text(value.get("secret"), _SECRET, "the name of a secret")
    return VaultPassword(secret, _text(value.get("id") or "default", r"\w[\w.-]{0,63}", "a vault id"))


def _secret(name: str, value: Any) -> SecretReference:
    if name.startswith("ansible_"):
        raise ValueError(f"has {name}, which only the inventory may set")
    if "parameter" in value:
        return SecretReference(parameter=_text(value["parameter"], r"[\w/.-]{1,1011}", "the name of a parameter"))
    secret = _text(value.get("secret"), _SECRET, "the name of a secret")
    return SecretReference(secret=secret, key=_text(value.get("key") or "", r"[^\x00-\x1f]{0,200}", "a key"))


def _environment(name: str, value: Any) -> str:
    if _RESERVED_ENVIRONMENT.fullmatch(name):
        raise ValueError(f"has {name}, which the build sets")
    return _text(value, r"[^\x00]*", "text")


_READERS: dict[str, Callable[[Any], Any]] = {
    "directory": _path,
    "inventory": _list(_path),
    "requirements": _list(_path),
    "vault": _list(_vault),
    "secrets": _mapping(_secret),
    "skip_tags": _list(lambda value: _text(value, _TAG, "a tag")),
    "forks": _number(1, FORKS),
    "verbosity": _number(0, VERBOSITY),
    "environment": _mapping(_environment),
    "serial": lambda value: _text(value, _BATCH, "a number of hosts or a percentage"),
}
