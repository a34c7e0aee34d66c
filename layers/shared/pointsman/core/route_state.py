"""What the engine knows beyond one rollout and one target: the rollouts of a route, and the freezes."""

from datetime import datetime

import msgspec

from pointsman.core.model import RolloutId
from pointsman.core.value import Value


class RolloutRef(Value, kw_only=True, frozen=True):
    """A rollout, and what orders it among those of its route."""

    rollout: RolloutId
    commit: str
    ordering_time: datetime
    is_held: bool = False  # by a person; it stays so if the rollout halts in its hold


class Unfinished(Value, kw_only=True, frozen=True):
    """A rollout that ended before it had started on all of its targets."""

    rollout: RolloutId
    commit: str
    reason: str
    not_started: tuple[str, ...]  # only the first
    not_started_total: int


class Contribution(Value, kw_only=True, frozen=True):
    """Who pushed and wrote a commit that has not passed all gates of the route yet."""

    rollout: RolloutId
    commit: str
    ordering_time: datetime
    logins: tuple[str, ...]  # only the first
    unknown: tuple[str, ...] = ()  # names of those whose login is not known, only the first
    is_cut: bool = False  # there are more


class Contributors(Value, kw_only=True, frozen=True):
    """The contributions to a route, in the order of their pushes."""

    kept: tuple[Contribution, ...] = ()  # the newest
    has_more: bool = False  # older ones were left out


class RouteState(Value, kw_only=True, frozen=True):
    """The rollouts of a route of a repository: those that bring a commit to all its targets."""

    key: str  # identity.route_key
    open: tuple[RolloutRef, ...] = ()
    newest: RolloutRef | None = None  # that supersedes what was pushed before it, whether it is still open or not
    last_pushed: RolloutRef | None = None  # `newest`, or what is newer if a person had an older one repeated
    bad: dict[str, datetime] = msgspec.field(default_factory=dict)  # commits that were rolled back, and when
    contributors: Contributors = Contributors()
    unfinished: Unfinished | None = None  # until a newer one has started everywhere
    version: int = 0

    @property
    def newest_commit(self) -> RolloutRef | None:
        """The rollout of the commit that came last, by a push or by hand."""
        return self.last_pushed or self.newest  # an earlier version stored only the second


class Freeze(Value, kw_only=True, frozen=True):
    """A person's decision that nothing starts for a while."""

    command: str
    caller: str  # ARN of the IAM principal
    at: datetime
    until: datetime
    reason: str


class Freezes(Value, kw_only=True, frozen=True):
    """The freezes that people made, by scope: a route's name, a target such as `prod/*`, or `*` for everything."""

    scopes: dict[str, Freeze] = msgspec.field(default_factory=dict)
    version: int = 0
