"""Reads the run from the build's environment. Nothing here raises: a manual run is recorded too."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .result import RunContext

_BUS_ARN = re.compile(r"arn:aws[\w-]*:events:(?P<region>[a-z0-9-]+):\d{12}:event-bus/[\w./-]+")
RUNNER = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Bus:
    """The control bus, which may be in another account and region."""

    arn: str
    region: str
    source: str = "pointsman.ansible"


def context(environ: Mapping[str, str] = os.environ, *, check: bool | None = None) -> RunContext:
    """The run's context. ``check``: whether Ansible runs in check mode."""
    attempt = environ.get("POINTSMAN_ATTEMPT", "")
    if check is None:
        check = environ.get("POINTSMAN_MODE") == "check"
    return RunContext(
        rollout=environ.get("POINTSMAN_ROLLOUT", ""),
        target=environ.get("POINTSMAN_TARGET", ""),
        attempt=int(attempt) if attempt.isdecimal() else 1,
        mode="check" if check else "apply",
        build_arn=environ.get("CODEBUILD_BUILD_ARN", ""),
        commit=environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", ""),
    )


def bus(environ: Mapping[str, str] = os.environ) -> Bus | None:
    """The bus of POINTSMAN_BUS, or None when results are not sent, as in a manual run."""
    arn = _BUS_ARN.fullmatch(environ.get("POINTSMAN_BUS", ""))
    # A build that somebody started may have no rollout: then its results are recorded for the build.
    if arn is None or not (environ.get("POINTSMAN_ROLLOUT") or environ.get("CODEBUILD_BUILD_ARN")):
        return None
    # The role of checks may only send as pointsman.check, which its project sets.
    return Bus(arn[0], arn["region"], environ.get("POINTSMAN_EVENT_SOURCE") or Bus.source)


def allows_no_hosts(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a run may reach no host."""
    return environ.get("POINTSMAN_ALLOW_NO_HOSTS") == "true"


def has_runner(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether bin/run-playbook started Ansible. It sends the results that the callback records."""
    return environ.get("POINTSMAN_RUNNER") == "true"


def spool_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The spool: POINTSMAN_SPOOL, or a file of the build directory."""
    return Path(environ.get("POINTSMAN_SPOOL") or RUNNER / ".build" / "host-results.jsonl")
