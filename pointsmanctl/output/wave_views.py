"""The waves of a rollout, and how far each one is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pointsman.core.model import Rollout, Run, TargetName
from pointsman.core.rollout_plan import Wave
from pointsman.core.rollouts.waves import targets_of_wave
from pointsmanctl.output.tally import tally


class WaveState(StrEnum):
    """How far a wave is. Whether a wave that is over has succeeded, its runs and the next wave say."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    AT_GATE = "at_gate"
    OVER = "over"


@dataclass(frozen=True)
class WaveView:
    """A wave of a rollout."""

    number: int  # from 1
    wave: Wave
    targets: tuple[TargetName, ...]
    runs: tuple[Run, ...]  # the newest on each target that has one
    state: WaveState

    @property
    def tally(self) -> str:
        """The number of its runs in each state."""
        return tally(self.runs, len(self.targets))


def waves_of(rollout: Rollout, newest: Mapping[TargetName, Run]) -> Iterator[WaveView]:
    """Yield the waves of a rollout in their order; none if all targets run at once."""
    for index, wave in enumerate(rollout.waves):
        targets = tuple(target.name for target in targets_of_wave(rollout, index))
        runs = tuple(newest[name] for name in targets if name in newest)
        yield WaveView(index + 1, wave, targets, runs, _state(rollout, index, len(targets), runs))


def _state(rollout: Rollout, index: int, targets: int, runs: tuple[Run, ...]) -> WaveState:
    if index >= rollout.waves_started:
        return WaveState.NOT_STARTED
    if rollout.state.ended or index < rollout.waves_started - 1:
        return WaveState.OVER
    if rollout.gate:
        return WaveState.AT_GATE
    is_over = len(runs) == targets and all(run.state.ended for run in runs)
    return WaveState.OVER if is_over else WaveState.RUNNING
