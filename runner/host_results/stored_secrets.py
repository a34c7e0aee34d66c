"""Learns the secrets that the runner read for this run, before anything can print them."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from redaction import Redactor, leaves

_PLAIN = ("true", "false", "null")


def learn(redactor: Redactor, environ: Mapping[str, str]) -> None:
    """Learn vault passwords and secret variables. Removes the file of the variables: Ansible has read it."""
    values: list[str] = []
    if vault := environ.get("POINTSMAN_VAULT"):
        values += leaves(json.loads(Path(vault).read_text(encoding="utf-8")))
    if variables := environ.get("POINTSMAN_SECRETS"):
        file = Path(variables)
        values += leaves(yaml.load(file.read_text(encoding="utf-8"), _Loader))  # noqa: S506 - a safe loader
        file.unlink()
    learn_values(redactor, values)


def learn_values(redactor: Redactor, values: Iterable[str]) -> None:
    """Learn values as they are and, of one that is JSON, what is in it."""
    for value in values:
        if value.strip().lower() not in _PLAIN:
            redactor.learn_stored(value)
        with contextlib.suppress(ValueError):
            for leaf in leaves(json.loads(value)):
                redactor.learn_secret(leaf)


class _Loader(yaml.SafeLoader):
    """A safe loader that reads values with Ansible's tag `!unsafe`."""


def _unsafe(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return str(node.value)


_Loader.add_constructor("!unsafe", _unsafe)
