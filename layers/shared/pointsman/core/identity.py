"""Identities are computed, never drawn: the same request always gets the same name, so repeating it is harmless."""

import hashlib
import json

from pointsman.core.model import Change, Mode, RolloutId, RunSettings, TargetName


def rollout_id(repository_id: int, route: str, commit: str, mode: Mode) -> RolloutId:
    """Name of the rollout of `commit` on `route`: `r-` and 16 hexadecimal digits."""
    return RolloutId(f"r-{_digest(str(repository_id), route, commit, mode)[:16]}")


def work_id(change: Change, settings: RunSettings) -> str:
    """Name of what is run, whatever its route is called: repository, ref, and what Ansible is told."""
    told = json.dumps(settings.model_dump(mode="json"), sort_keys=True)  # a table keeps no order
    return f"w-{_digest(str(change.repository_id), change.ref, told)[:16]}"


START_SESSION = "pointsman-start-build"  # session name under which the engine enters a worker account


def is_engine(initiator: str | None) -> bool:
    """Whether CodeBuild says that the engine started a build: `<role>/<session>` of the worker stack's start role."""
    role, _, session = (initiator or "").rpartition("/")
    return session == START_SESSION and role.startswith("pointsman-start-")


def build_token(rollout_id: RolloutId, target_name: TargetName, attempt: int) -> str:
    """CodeBuild's idempotency token of a run: 64 hexadecimal digits (CodeBuild keeps it for 5 minutes)."""
    return _digest(rollout_id, target_name, str(attempt))


def _digest(*parts: str) -> str:
    # NUL can stand in no part, so no two lists of parts give the same text.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
