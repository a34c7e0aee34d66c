"""The current state of rollouts: from the rollouts table, with Ansible's ends from the audit trail."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import Rollout, RolloutId, RolloutState, Run, TargetName
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.route_state import Freezes, RouteState
from pointsmanctl.output.run_ends import Ends, ends_of
from pointsmanctl.stack.connection import Connection


@dataclass(frozen=True)
class LoadedRollout:
    """A rollout, every attempt of its runs, and how Ansible ended in their builds."""

    rollout: Rollout
    runs: tuple[Run, ...]
    ends: Ends = field(default_factory=dict)

    @property
    def newest(self) -> dict[TargetName, Run]:
        """The newest attempt on each target, by the target's name."""
        return dict(sorted(latest(self.runs).items()))

    @property
    def failed(self) -> bool:
        """Whether the rollout has ended and did not do what it should: it failed, was cancelled, or was rolled back."""
        return self.rollout.state in (RolloutState.FAILED, RolloutState.CANCELLED, RolloutState.ROLLED_BACK)


class RolloutReader:
    """Reads rollouts of one stack. Every method raises Unavailable or Misconfigured when the tables can't be read."""

    def __init__(self, stack: Connection) -> None:
        client = stack.dynamodb
        self._store = DynamoRollouts(client, stack.rollouts_table, stack.audit_table)
        self._trail = DynamoTrail(client, stack.audit_table)

    def open_rollouts(self) -> list[RolloutId]:
        """Return the ids of the rollouts that have not ended."""
        return self._store.open_rollouts()

    def load(self, rollout: str) -> LoadedRollout | None:
        """Return one rollout; None when it does not exist."""
        loaded = self._store.load(RolloutId(rollout))
        if loaded is None:
            return None
        built = any(run.state.ended and run.build_arn for run in loaded[1])
        return LoadedRollout(*loaded, ends_of(self._trail, loaded[0]) if built else {})

    def load_each(self, rollouts: Iterable[str]) -> list[LoadedRollout]:
        """Return the rollouts that exist, the newest first."""
        existing = [loaded for each in dict.fromkeys(rollouts) if (loaded := self.load(each))]
        return sorted(existing, key=lambda each: each.rollout.created_at, reverse=True)

    def of_route(self, route: str) -> list[RouteState]:
        """Return the rollouts of a route that the engine keeps in mind, for each repository that the route serves."""
        return self._store.routes_named(route)

    def freezes(self) -> Freezes:
        """Return the freezes that people made. Some may be over."""
        return self._store.surroundings((), ()).freezes
