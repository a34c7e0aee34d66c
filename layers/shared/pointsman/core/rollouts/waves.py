"""Waves: which targets are in one, and which of them may start."""

from pointsman.core.model import Rollout, Target, TargetName
from pointsman.core.rollouts.situation import Situation, has_started, wave_of


def targets_of_wave(rollout: Rollout, wave: int) -> tuple[Target, ...]:
    """The targets of a wave, in their order."""
    return tuple(target for target in rollout.spec.targets if wave_of(rollout, target) == wave)


def is_last_wave(rollout: Rollout) -> bool:
    """Whether no target is in a later wave than the newest that started. A run by hand may have none in a wave."""
    return all(has_started(rollout, target) for target in rollout.spec.targets)


def not_started(situation: Situation) -> tuple[TargetName, ...]:
    """The targets that have no run."""
    return tuple(target.name for target in situation.rollout.spec.targets if target.name not in situation.newest)


def has_room(situation: Situation, target: Target) -> bool:
    """Whether one more target of the wave may run."""
    rollout = situation.rollout
    if not rollout.waves:
        return True
    index = wave_of(rollout, target)
    most = rollout.waves[index].max_parallel
    return most is None or sum(situation.is_live(each) for each in targets_of_wave(rollout, index)) < most


def may_start(situation: Situation) -> frozenset[TargetName]:
    """The targets whose next run may begin now, as far as the waves are concerned."""
    rollout = situation.rollout
    if not rollout.waves:
        return frozenset(target.name for target in rollout.spec.targets)
    allowed: set[TargetName] = set()
    for index, wave in enumerate(rollout.waves[: rollout.waves_started]):
        targets = targets_of_wave(rollout, index)
        wanted = [target.name for target in targets if situation.is_wanted(target)]
        if wave.max_parallel is not None:
            live = sum(situation.is_live(target) for target in targets)
            wanted = wanted[: max(0, wave.max_parallel - live)]
        allowed.update(wanted)
    return frozenset(allowed)
