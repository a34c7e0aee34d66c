"""Reads buildspec version 0.2, without what the local cloud does not support.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import yaml

from localcloud.codebuild.model import PhaseType

_PHASES: Final = {
    "install": PhaseType.INSTALL,
    "pre_build": PhaseType.PRE_BUILD,
    "build": PhaseType.BUILD,
    "post_build": PhaseType.POST_BUILD,
}
_SHELLS: Final = {"sh": "/bin/sh", "/bin/sh": "/bin/sh", "bash": "bash"}
# Sections that change nothing for a build without artifacts, cache or reports.
_WITHOUT_EFFECT: Final = {"artifacts", "cache", "reports", "run-as", "proxy"}


class BuildspecError(ValueError):
    """The buildspec is not valid; fails the build in DOWNLOAD_SOURCE."""


class OnPhaseFailure(StrEnum):
    """What a phase declares to happen after its failure."""

    ABORT = "ABORT"
    CONTINUE = "CONTINUE"


@dataclass(frozen=True)
class PhaseCommands:
    """A phase: its commands, those that always run at its end, and what happens after a failure."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: OnPhaseFailure | None = None


@dataclass(frozen=True)
class Buildspec:
    """A valid buildspec."""

    variables: dict[str, str] = field(default_factory=dict)
    parameter_store: dict[str, str] = field(default_factory=dict)
    secrets_manager: dict[str, str] = field(default_factory=dict)
    exported_variables: tuple[str, ...] = ()
    shell: str = "/bin/sh"
    phases: dict[PhaseType, PhaseCommands] = field(default_factory=dict)


def parse(text: str) -> Buildspec:
    """Read a buildspec; BuildspecError says what is wrong, with CodeBuild's message where there is one."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML file is not valid: {error}") from error
    if not isinstance(document, dict):
        raise BuildspecError("the buildspec must be a mapping")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"version {document.get('version')!r} is not supported: use 0.2")
    _refuse_unknown(document, {"version", "env", "phases", "batch"} | _WITHOUT_EFFECT, "the buildspec")
    env = _mapping(document.get("env"), "env")
    return Buildspec(
        variables=_strings(env.get("variables"), "env.variables"),
        parameter_store=_strings(env.get("parameter-store"), "env.parameter-store"),
        secrets_manager=_strings(env.get("secrets-manager"), "env.secrets-manager"),
        exported_variables=tuple(map(str, env.get("exported-variables") or ())),
        shell=_shell(env.get("shell", "sh")),
        phases=_phases(_mapping(document.get("phases"), "phases")),
    )


def _phases(section: dict[str, Any]) -> dict[PhaseType, PhaseCommands]:
    _refuse_unknown(section, set(_PHASES), "phases")
    return {_PHASES[name]: _commands(name, phase) for name, phase in section.items()}


def _commands(name: str, phase: object) -> PhaseCommands:
    where = f"phases.{name}"
    mapping = _mapping(phase, where)
    allowed = {"commands", "finally", "on-failure", "run-as", "runtime-versions", "steps"}
    _refuse_unknown(mapping, allowed, where)
    on_failure = mapping.get("on-failure")
    if on_failure is not None and on_failure not in list(OnPhaseFailure):
        raise BuildspecError(f"{where}.on-failure is {on_failure!r}: the local cloud supports ABORT and CONTINUE")
    return PhaseCommands(
        commands=_list(mapping.get("commands"), f"{where}.commands"),
        finally_=_list(mapping.get("finally"), f"{where}.finally"),
        on_failure=OnPhaseFailure(on_failure) if on_failure else None,
    )


def _shell(name: object) -> str:
    if name not in _SHELLS:
        raise BuildspecError(f"env.shell is {name!r}: use bash or sh")
    return _SHELLS[str(name)]


def _mapping(value: object, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"{where} must be a mapping")
    return value


def _strings(value: object, where: str) -> dict[str, str]:
    return {str(name): _scalar(item, f"{where}.{name}") for name, item in _mapping(value, where).items()}


def _list(value: object, where: str) -> tuple[str, ...]:
    items = [] if value is None else value
    if not isinstance(items, list):
        raise BuildspecError(f"{where} must be a list")
    return tuple(_scalar(item, where) for item in items)


def _scalar(value: object, where: str) -> str:
    if isinstance(value, dict | list) or value is None:
        raise BuildspecError(f"{where} must be text, not {type(value).__name__}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_unknown(mapping: dict[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(mapping) - allowed):
        raise BuildspecError(f"{where} has unknown keys: {', '.join(unknown)}")
