"""What the build's environment says of the run. Nothing here fails: a run by hand is recorded all the same."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .result import RunContext

_BUS_ARN = re.compile(r"arn:aws[\w-]*:events:(?P<region>[a-z0-9-]+):\d{12}:event-bus/[\w./-]+")
ANSIBLE_DIRECTORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Bus:
    """The control bus, which may be of another account and region."""

    arn: str
    region: str
    source: str = "pointsman.ansible"


def context(environ: Mapping[str, str] = os.environ, *, check: bool | None = None) -> RunContext:
    """Which run this is; ``check`` is Ansible's own word on whether it only checks."""
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
    """The bus of POINTSMAN_BUS, or None when results go nowhere, as in a run by hand."""
    found = _BUS_ARN.fullmatch(environ.get("POINTSMAN_BUS", ""))
    # A build that somebody started by hand belongs to no rollout: what it changes is recorded as the build's own.
    if found is None or not (environ.get("POINTSMAN_ROLLOUT") or environ.get("CODEBUILD_BUILD_ARN")):
        return None
    # The role of a check may send as pointsman.check alone; its project says so.
    return Bus(found[0], found["region"], environ.get("POINTSMAN_EVENT_SOURCE") or Bus.source)


def allows_no_hosts(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a run that reaches no host is no fault."""
    return environ.get("POINTSMAN_ALLOW_NO_HOSTS") == "true"


def has_runner(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether bin/run-playbook started Ansible: it sends what the callback records."""
    return environ.get("POINTSMAN_RUNNER") == "true"


def spool_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The spool: POINTSMAN_SPOOL, or a file of the build directory beside the playbook."""
    return Path(environ.get("POINTSMAN_SPOOL") or ANSIBLE_DIRECTORY / ".build" / "host-results.jsonl")
