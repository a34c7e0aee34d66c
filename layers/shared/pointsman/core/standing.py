"""How a route stands on a ref: its newest failure and its newest success, in whatever order they are heard of."""

import hashlib
from datetime import datetime
from typing import Protocol

from pointsman.core.model import RolloutState, RunState, Value
from pointsman.core.rollout_view import RolloutView
from pointsman.errors import Conflict, Unavailable

LOST_RACES_ALLOWED = 5


class Outcome(Value):
    """How one rollout ended."""

    rollout: str
    round: int
    asked_at: datetime  # when something was last asked for that ran: what was asked for later is newer
    targets: tuple[str, ...]  # those that failed, or those that succeeded
    commit: str
    url: str
    actor: str

    def is_newer(self, than: "Outcome | None") -> bool:
        """Whether it takes the place of `than`."""
        return than is None or (self.asked_at, self.round) > (than.asked_at, than.round)


class Standing(Value):
    """One route on one ref, in one mode."""

    key: str
    route: str
    failure: Outcome | None = None
    success: Outcome | None = None
    version: int = 0  # writes so far; 0 means not stored yet

    @property
    def is_fixed(self) -> bool:
        """Whether the success came after the failure, on every target that had failed."""
        failure, success = self.failure, self.success
        return bool(failure and success and success.is_newer(failure) and {*failure.targets} <= {*success.targets})

    def after(self, view: RolloutView) -> "Standing":
        """With the end of a rollout, where it is the newest of its kind."""
        failed = view.state is RolloutState.FAILED
        outcome = _outcome(view, failed=failed)
        if not outcome.is_newer(self.failure if failed else self.success):
            return self
        return self.model_copy(update={"failure" if failed else "success": outcome})


class StandingStore(Protocol):
    """Where standings are kept."""

    def load_standing(self, key: str) -> Standing | None:
        """The standing of `key`; None when it was never stored. Raises Unavailable."""

    def save_standing(self, standing: Standing) -> None:
        """Store `standing` over the version it has. Raises Conflict, Unavailable."""


def key_of(view: RolloutView) -> str:
    """One for each repository, route, mode and ref: 32 hexadecimal digits."""
    names = (str(view.change.repository_id), view.route, view.mode.value, view.change.ref)
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def settle(store: StandingStore, view: RolloutView) -> Standing:
    """How the route of a rollout that ended stands now. Raises Unavailable."""
    key = key_of(view)
    for _ in range(LOST_RACES_ALLOWED):
        known = store.load_standing(key) or Standing(key=key, route=view.route)
        standing = known.after(view)
        if standing == known:
            return known
        try:
            store.save_standing(standing)
        except Conflict:
            continue
        return standing
    raise Unavailable(f"the standing of route {view.route} keeps moving")


def _outcome(view: RolloutView, *, failed: bool) -> Outcome:
    well = (RunState.SUCCEEDED, RunState.SUPERSEDED)
    return Outcome(
        rollout=view.rollout,
        round=view.round,
        asked_at=view.asked_at,
        targets=tuple(
            target.name
            for target in view.targets
            if (target.state not in well if failed else target.state is RunState.SUCCEEDED)
        ),
        commit=view.change.after,
        url=view.change.url,
        actor=view.change.actor,
    )
