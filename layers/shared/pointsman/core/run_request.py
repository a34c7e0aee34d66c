"""Why a rollout runs that no push and no pull request asked for."""

from datetime import datetime
from enum import StrEnum

from pointsman.core.value import Value


class Trigger(StrEnum):
    """What made the request."""

    INSTANCE = "instance"  # EC2 instances came up
    PERSON = "person"  # `pointsman run`
    ROLLBACK = "rollback"  # of a later commit
    DRIFT = "drift"  # a scheduled check


class RunRequest(Value, kw_only=True, frozen=True):
    """A request to run a commit again. The same request has the same id, so that it takes effect once."""

    id: str  # "q-3f2a9c0d1e2b4a56"
    trigger: Trigger
    actor: str  # who or what asked: an ARN, or a name with a dot, so that it is never a login of GitHub
    reason: str
    instances: tuple[str, ...] = ()  # only these EC2 instances; empty: every host
    is_limited: bool = False  # only some hosts of each target, by a limit of its own
    is_subset: bool = False  # only some targets of the route
    rolls_back: str | None = None  # of a rollback: the rollout whose commit was bad

    @property
    def is_partial(self) -> bool:
        """Whether it leaves hosts of its targets out, so that it says nothing about the targets as a whole."""
        return bool(self.instances) or self.is_limited

    @property
    def is_part(self) -> bool:
        """Whether it leaves hosts or targets of the route out."""
        return self.is_partial or self.is_subset


class InstanceLaunch(Value, kw_only=True, frozen=True):
    """An instance that came up: it was launched, or started again."""

    instance: str  # "i-0123456789abcdef0"
    launched_at: datetime  # EC2's LaunchTime, another one after each start
    up_at: datetime  # when EC2 reported that it is running
