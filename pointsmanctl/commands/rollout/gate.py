"""The gate that `approve` and `reject` are about."""

from pointsmanctl.commands.rollout.view import load_existing
from pointsmanctl.errors import CommandError
from pointsmanctl.stack.connection import Connection
from pointsmanctl.stack.rollouts import LoadedRollout, RolloutReader


def loaded_for(connection: Connection, rollout: str) -> LoadedRollout:
    """Return the rollout. Raises NotFound."""
    return load_existing(RolloutReader(connection), rollout)


def gate_wave(loaded: LoadedRollout, wave: int | None) -> int:
    """Return the wave whose gate is meant: the one that is named, or the one that is open. Raises CommandError."""
    rollout = loaded.rollout
    if wave is not None:
        return wave
    if rollout.gate is None:
        reason = f"it has ended: {rollout.state}" if rollout.state.ended else "its wave is not over"
        reason = reason if rollout.waves else "it has no waves"
        raise CommandError(
            f"{rollout.id} is not at a gate, because {reason}: see `pointsman rollout show {rollout.id}`"
        )
    return rollout.waves_started
