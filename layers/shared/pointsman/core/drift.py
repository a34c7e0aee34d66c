"""The present state of drift: what differs on the hosts of a target from the last commit that succeeded there."""

from datetime import datetime

import msgspec

from pointsman.core.model import RolloutId, TargetName
from pointsman.core.value import Value

ACTOR = "pointsman.drift"  # no login of GitHub has a dot


class DriftCheck(Value, kw_only=True, frozen=True):
    """A check run that was requested, and whose result is not known yet."""

    rollout: RolloutId
    requested_at: datetime
    commit: str


class HostDrift(Value, kw_only=True, frozen=True):
    """A host that differs. The event DriftDetected of `found_by` has the tasks."""

    since: datetime  # when a check first found that the host differs
    found_by: RolloutId  # the check that first found these tasks
    tasks: int  # how many would change something
    digest: str  # of the tasks: another one is another drift


class DriftUnknown(Value, kw_only=True, frozen=True):
    """The last check does not say whether hosts differ."""

    since: datetime  # of the first check in a row that did not say it
    reason: str
    hosts: tuple[str, ...] = ()  # the first of those that it does not say it of; empty: every host


class TargetDrift(Value, kw_only=True, frozen=True):
    """The drift of one route on one target."""

    target: TargetName
    route_key: str  # see `identity.route_key`
    route: str
    repository: str
    check: DriftCheck | None = None
    requested_at: datetime | None = None  # of the last check
    checked_at: datetime | None = None  # when the last check ended that was judged
    commit: str | None = None  # that the last judged check compared with
    hosts: dict[str, HostDrift] = msgspec.field(default_factory=dict)
    hosts_omitted: int = 0  # how many more differ: an item of the table has no room for them
    unknown: DriftUnknown | None = None
    repeats: bool = False  # the last check is repeated as soon as possible, because the route ran beside it
    is_checked: bool = True  # False: the route no longer checks this target
    version: int = 0

    @property
    def id(self) -> tuple[TargetName, str]:
        """What makes it one record."""
        return self.target, self.route_key

    @property
    def is_clean(self) -> bool:
        """Whether the last check has found that no host differs."""
        return not self.hosts and not self.hosts_omitted and self.unknown is None
