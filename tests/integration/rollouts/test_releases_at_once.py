"""Many targets that are released together fit into the transactions of the table."""

from pointsman.core.model import RolloutId, RunState
from pointsman.core.rollouts.commands.forms import HoldRollout, Resume
from pointsman.core.rollouts.releases import AT_ONCE
from tests.support.commands import People
from tests.support.plans import people, waved
from tests.support.world import MakeWorld, World

NAMES = tuple(f"dev/xx-{number:02}" for number in range(2 * AT_ONCE + 5))


def states(world: World, rollout: RolloutId) -> set[tuple[RunState, int]]:
    return {(run.state, run.attempt) for run in world.runs(rollout).values()}


def test_a_hold_frees_them_and_its_end_starts_them(new_world: MakeWorld) -> None:
    world = new_world()
    world.builds.throttles.update(dict.fromkeys(NAMES, "throttled"))
    rollout = world.push(waved(NAMES))
    world.builds.throttles.clear()
    sender = People(world, people())
    sender.send(HoldRollout, rollout=rollout, seconds=3600)
    assert states(world, rollout) == {(RunState.SKIPPED, 1)}
    assert all(queue.holder is None for queue in world.store.queues(NAMES).values())
    sender.send(Resume, rollout=rollout)
    assert states(world, rollout) == {(RunState.RUNNING, 2)}
