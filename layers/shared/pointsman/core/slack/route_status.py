"""How a route stands on a ref: its newest failure and its newest success, in whatever order they are heard of."""

import hashlib
from datetime import datetime
from typing import Protocol

from pointsman.core.model import RolloutState, RunState, Value
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.errors import Conflict, Unavailable

LOST_RACES_ALLOWED = 5


class RolloutOutcome(Value):
    """How one rollout ended."""

    rollout: str
    round: int
    requested_at: datetime  # when something was last asked for that ran: what was asked for later is newer
    targets: tuple[str, ...]  # those that failed, or those that succeeded
    commit: str
    url: str
    actor: str

    def is_newer(self, than: "RolloutOutcome | None") -> bool:
        """Whether it takes the place of `than`."""
        return than is None or (self.requested_at, self.round) > (than.requested_at, than.round)


class RouteStatus(Value):
    """One route on one ref, in one mode."""

    key: str
    route: str
    failure: RolloutOutcome | None = None
    success: RolloutOutcome | None = None
    version: int = 0  # writes so far; 0 means not stored yet

    @property
    def is_fixed(self) -> bool:
        """Whether the success came after the failure, on every target that had failed."""
        failure, success = self.failure, self.success
        return bool(failure and success and success.is_newer(failure) and {*failure.targets} <= {*success.targets})

    def after(self, view: RolloutView) -> "RouteStatus":
        """With the end of a rollout, where it is the newest of its kind."""
        failed = view.state is RolloutState.FAILED
        outcome = _outcome(view, failed=failed)
        if not outcome.is_newer(self.failure if failed else self.success):
            return self
        return self.model_copy(update={"failure" if failed else "success": outcome})


class RouteStatusStore(Protocol):
    """Where standings are kept."""

    def load_route_status(self, key: str) -> RouteStatus | None:
        """The standing of `key`; None when it was never stored. Raises Unavailable."""

    def save_route_status(self, status: RouteStatus) -> None:
        """Store `standing` over the version it has. Raises Conflict, Unavailable."""


def key_of(view: RolloutView) -> str:
    """One for each repository, route, mode and ref: 32 hexadecimal digits."""
    names = (str(view.change.repository_id), view.route, view.mode.value, view.change.ref)
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def update_route_status(store: RouteStatusStore, view: RolloutView) -> RouteStatus:
    """How the route of a rollout that ended stands now. Raises Unavailable."""
    key = key_of(view)
    for _ in range(LOST_RACES_ALLOWED):
        known = store.load_route_status(key) or RouteStatus(key=key, route=view.route)
        status = known.after(view)
        if status == known:
            return known
        try:
            store.save_route_status(status)
        except Conflict:
            continue
        return status
    raise Unavailable(f"the standing of route {view.route} keeps moving")


def _outcome(view: RolloutView, *, failed: bool) -> RolloutOutcome:
    well = (RunState.SUCCEEDED, RunState.SUPERSEDED)
    return RolloutOutcome(
        rollout=view.rollout,
        round=view.round,
        requested_at=view.requested_at,
        targets=tuple(
            target.name
            for target in view.targets
            if (target.state not in well if failed else target.state is RunState.SUCCEEDED)
        ),
        commit=view.change.after,
        url=view.change.url,
        actor=view.change.actor,
    )
