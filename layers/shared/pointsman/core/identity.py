"""Ids are computed, never random: the same request always gets the same id, so repeating it is harmless."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final

from pointsman.core.change import Change
from pointsman.core.model import Mode, Rollout, RolloutId, RunSettings, TargetName
from pointsman.core.run_request import InstanceLaunch

ENGINE: Final = "pointsman.engine"  # the actor of what no person asked for; no login of GitHub has a dot


def rollout_id(repository_id: int, route: str, commit: str, mode: Mode, request: str | None = None) -> RolloutId:
    """The id of the rollout of `commit` on `route`: `r-` and 16 hexadecimal digits.

    `request`: the id of the request by which the commit runs once more.
    """
    more = (request,) if request else ()
    return RolloutId(f"r-{_digest(str(repository_id), route, commit, mode, *more)[:16]}")


def request_id(target_name: TargetName, key: str, launches: Iterable[InstanceLaunch]) -> str:
    """The id of a request for new instances: `q-` and 16 hexadecimal digits."""
    parts = (f"{launch.instance}@{launch.launched_at.isoformat()}" for launch in launches)
    return request_id_of(target_name, key, *parts)


def request_id_of(*parts: str) -> str:
    """The id of a request that these parts make: `q-` and 16 hexadecimal digits."""
    return f"q-{_digest(*parts)[:16]}"


def route_key(repository_id: int, route: str) -> str:
    """The key of a route's runs on a target: one route may serve several repositories."""
    return f"{repository_id}#{route}"


def route_of(rollout: Rollout) -> str:
    """The key of a rollout's route."""
    return route_key(rollout.change.repository_id, rollout.spec.route)


def work_id(change: Change, settings: RunSettings) -> str:
    """The id of what runs, independent of the route's name: repository, ref and Ansible's settings."""
    text = json.dumps(settings.to_dict(), sort_keys=True)  # DynamoDB does not keep the order of keys
    return f"w-{_digest(str(change.repository_id), change.ref, text)[:16]}"


START_SESSION = "pointsman-start-build"  # the engine's session name in worker accounts
_START_ROLE = re.compile(r"[a-z][a-z0-9-]*-start-[a-z]{2}(-[a-z]+)+-[0-9]")  # <control stack>-start-<region>


def is_engine(initiator: str | None) -> bool:
    """Whether the engine started a build. CodeBuild names the initiator as `<role>/<session>`."""
    role, _, session = (initiator or "").rpartition("/")
    return session == START_SESSION and bool(_START_ROLE.fullmatch(role))


def principal_name(arn: str) -> str:
    """The part of an IAM ARN that tells people who it is: `Ops/hana` of a role's session, `hana` of a user."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return name or kind


def build_token(rollout_id: RolloutId, target_name: TargetName, attempt: int) -> str:
    """The idempotency token of a run's StartBuild: 64 hexadecimal digits. CodeBuild keeps it for 5 minutes."""
    return _digest(rollout_id, target_name, str(attempt))


def _digest(*parts: str) -> str:
    # No part can contain NUL, so different parts never give the same text.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
