"""Rollouts as they are now: from the rollouts table, with what the trail says of their ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pointsman.adapters.rollouts_dynamodb import DynamoRollouts
from pointsman.adapters.trail_dynamodb import DynamoTrail
from pointsman.core.model import Rollout, RolloutState, Run
from pointsman.core.rollouts.reconcile import latest
from pointsmanctl.output.run_ends import Ends, ends_of
from pointsmanctl.stack.connection import Connection


@dataclass(frozen=True)
class LoadedRollout:
    """A rollout, every attempt of its runs, and how Ansible ended in their builds."""

    rollout: Rollout
    runs: tuple[Run, ...]
    ends: Ends = field(default_factory=dict)

    @property
    def newest(self) -> dict[str, Run]:
        """The newest attempt on each target, by the target's name."""
        return dict(sorted(latest(self.runs).items()))

    @property
    def failed(self) -> bool:
        """Whether it ended badly."""
        return self.rollout.state is RolloutState.FAILED


class RolloutReader:
    """Reads rollouts of one stack. Every method raises Unavailable or Misconfigured when the tables can't be read."""

    def __init__(self, stack: Connection) -> None:
        client = stack.dynamodb
        self._store = DynamoRollouts(client, stack.rollouts_table, stack.audit_table)
        self._trail = DynamoTrail(client, stack.audit_table)

    def open_rollouts(self) -> list[str]:
        """The ids of those that have not ended."""
        return self._store.open_rollouts()

    def load(self, rollout: str) -> LoadedRollout | None:
        """One rollout; None when there is none of that id."""
        loaded = self._store.load(rollout)
        if loaded is None:
            return None
        built = any(run.state.ended and run.build_arn for run in loaded[1])
        return LoadedRollout(*loaded, ends_of(self._trail, loaded[0]) if built else {})

    def load_each(self, rollouts: Iterable[str]) -> list[LoadedRollout]:
        """Those of them that exist, the newest first."""
        found = [loaded for each in dict.fromkeys(rollouts) if (loaded := self.load(each))]
        return sorted(found, key=lambda each: each.rollout.created_at, reverse=True)
