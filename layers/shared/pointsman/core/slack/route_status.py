"""The status of a route on a ref: its newest failure and its newest success, in whatever order they are reported."""

import hashlib
from datetime import datetime
from typing import Protocol

from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.value import Value
from pointsman.errors import Conflict, Unavailable

MAX_CONFLICTS = 5


class RolloutOutcome(Value, kw_only=True, frozen=True):
    """How one rollout ended."""

    rollout: str
    round: int
    requested_at: datetime  # of the newest request that started a run: a later request is newer
    targets: tuple[str, ...]  # those that failed, or those that succeeded
    is_complete: bool = True  # `targets` has all of them; of a large rollout only the first hundred are known
    scope: str = ""  # equal for rollouts to the same set of targets; empty: not known
    commit: str
    url: str
    actor: str

    def is_newer(self, than: "RolloutOutcome | None") -> bool:
        """Whether it replaces `than`."""
        return than is None or (self.requested_at, self.round) > (than.requested_at, than.round)

    def covers(self, failure: "RolloutOutcome") -> bool:
        """Whether this success is one on every target of `failure`. Unless it is certain, it is not."""
        if self.scope and self.scope == failure.scope:
            return True  # a rollout that succeeded did so on all of its targets
        return self.is_complete and failure.is_complete and {*failure.targets} <= {*self.targets}


class RouteStatus(Value, kw_only=True, frozen=True):
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
        return bool(failure and success and success.is_newer(failure) and success.covers(failure))

    def after(self, view: RolloutView) -> "RouteStatus":
        """Return the status with the outcome of `view`, if that is the newest failure or success."""
        failed = view.state is RolloutState.FAILED
        outcome = _outcome(view, failed=failed)
        if not outcome.is_newer(self.failure if failed else self.success):
            return self
        return self.replace(**{"failure" if failed else "success": outcome})


class RouteStatusStore(Protocol):
    """Keeps the status of each route."""

    def load_route_status(self, key: str) -> RouteStatus | None:
        """Return the status with this key, or None when it was never stored. Raises Unavailable."""

    def save_route_status(self, status: RouteStatus) -> None:
        """Store `status` over its version. Raises Conflict, Unavailable."""


def route_status_key(view: RolloutView) -> str:
    """Return the key of a repository, route, mode and ref: 32 hexadecimal digits."""
    names = (str(view.change.repository_id), view.route, view.mode.value, view.change.ref)
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def update_route_status(store: RouteStatusStore, view: RolloutView) -> RouteStatus:
    """Store and return the status of a route after the end of a rollout. Raises Unavailable."""
    key = route_status_key(view)
    for _ in range(MAX_CONFLICTS):
        stored = store.load_route_status(key) or RouteStatus(key=key, route=view.route)
        status = stored.after(view)
        if status == stored:
            return stored
        try:
            store.save_route_status(status)
        except Conflict:
            continue
        return status
    raise Unavailable(f"status of route {view.route}: {MAX_CONFLICTS} updates conflicted with other writers")


def _outcome(view: RolloutView, *, failed: bool) -> RolloutOutcome:
    counts = view.by_state
    wanted = [state for state in counts if (state.failed if failed else state is RunState.SUCCEEDED)]
    names = tuple(target.name for target in view.states if target.state in wanted)
    return RolloutOutcome(
        rollout=view.rollout,
        round=view.round,
        requested_at=view.requested_at,
        targets=names,
        is_complete=len(names) == sum(counts[state] for state in wanted),
        scope=view.scope if failed or counts[RunState.SUCCEEDED] == view.total else "",
        commit=view.change.after,
        url=view.change.url,
        actor=view.asked_by,
    )
