"""Waves: which targets are in one, and which of them may start."""

from collections.abc import Iterable
from itertools import islice

from pointsman.core.model import Rollout, Target, TargetName
from pointsman.core.rollouts.situation import Situation, has_started, wave_of
from pointsman.core.rollouts.waits import wait_before


def targets_of_wave(rollout: Rollout, wave: int) -> tuple[Target, ...]:
    """The targets of a wave, in their order."""
    return tuple(target for target in rollout.spec.targets if wave_of(rollout, target) == wave)


def is_last_wave(rollout: Rollout) -> bool:
    """Whether no target is in a later wave than the newest that started. A run by hand may have none in a wave."""
    return all(has_started(rollout, target) for target in rollout.spec.targets)


def not_started(situation: Situation) -> tuple[TargetName, ...]:
    """The targets that have no run. One that has may not have reached its target: see overtaking.not_reached."""
    return tuple(target.name for target in situation.rollout.spec.targets if target.name not in situation.newest)


def has_room(situation: Situation, target: Target) -> bool:
    """Whether one more target of the wave may run."""
    rollout = situation.rollout
    if not rollout.waves:
        return True
    index = wave_of(rollout, target)
    most = rollout.waves[index].max_parallel
    return most is None or places_taken(situation, targets_of_wave(rollout, index)) < most


def may_start(situation: Situation) -> frozenset[TargetName]:
    """The targets whose next run may begin or join its queue now, as far as the waves are concerned.

    In a wave with `max_parallel`, a target that is frozen takes no place: others go first.
    """
    rollout = situation.rollout
    if not rollout.waves:
        return frozenset(target.name for target in rollout.spec.targets)
    allowed: set[TargetName] = set()
    for index, wave in enumerate(rollout.waves[: rollout.waves_started]):
        targets = targets_of_wave(rollout, index)
        wanted: Iterable[Target] = (each for each in targets if situation.is_wanted(each) or situation.is_outside(each))
        if wave.max_parallel is not None:
            room = max(0, wave.max_parallel - places_taken(situation, targets))
            wanted = islice((target for target in wanted if wait_before(situation, target) is None), room)
        allowed.update(target.name for target in wanted)
    return frozenset(allowed)


def places_taken(situation: Situation, targets: Iterable[Target]) -> int:
    """How many of these targets run or wait in their queue. Those that are frozen or whose region is down do not."""
    return sum(situation.is_live(target) and not situation.is_outside(target) for target in targets)
