"""Checks the laws against the real builds and pushes, not only against the engine's records."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bench.campaign.codebuild import SimulatedBuild
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.model import Rollout, RolloutId, RolloutState, Run, RunState, TargetName
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.command_events import RolloutApproved, RolloutCancelled
from pointsman.core.trail.events import RolloutEnded, RunEnded, RunStarted, TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.core.trail.wave_events import RolloutHalted

NEVER_BUILT = (RunState.REFUSED, RunState.SUPERSEDED, RunState.CANCELLED, RunState.SKIPPED)


@dataclass
class Oracle:
    """Knows the number of each push (later is higher) and every build. `broken` lists the broken laws."""

    broken: list[str] = field(default_factory=list)
    # The newest accepted push of each rollout on each target.
    pushed: dict[tuple[RolloutId, TargetName], int] = field(default_factory=dict)
    _newest: dict[RolloutId, int] = field(default_factory=dict)
    # By route and target: the rollout that ran last.
    _last: dict[tuple[str, TargetName], RolloutId] = field(default_factory=dict)
    _begun: dict[tuple[str, TargetName], int] = field(default_factory=lambda: defaultdict(int))
    _waves: set[tuple[RolloutId, int]] = field(default_factory=set)  # that have had a build
    _live: dict[str, list[SimulatedBuild]] = field(default_factory=lambda: defaultdict(list))

    @property
    def rollouts(self) -> set[RolloutId]:
        """Every rollout with an accepted push."""
        return {rollout_id for rollout_id, _ in self.pushed}

    def number_of(self, rollout_id: RolloutId) -> int:
        """The number of the newest accepted push of a rollout."""
        return self._newest.get(rollout_id, 0)

    def accepted(self, rollout_id: RolloutId, targets: Iterable[TargetName], push: int) -> None:
        """The engine has accepted a push of a rollout's commit to these targets."""
        self._newest[rollout_id] = max(self._newest.get(rollout_id, 0), push)
        for target in targets:
            self.pushed[rollout_id, target] = max(self.pushed.get((rollout_id, target), 0), push)

    def build_began(self, build: SimulatedBuild) -> None:
        """A build began: no other may be live on its target, and nothing newer may have run there."""
        run = build.run
        live = [each for each in self._live[run.queue] if each.live]
        for other in live:
            self.broken.append(f"double: {run.rollout} and {other.run.rollout} are live on {run.queue}")
        self._live[run.queue] = [*live, build]
        if build.request:
            return  # it is on some instances only: InstanceOracle knows what may run there
        # The branch decides which commit is newest: a push that leaves a target out counts, too.
        number, entry = self._newest.get(run.rollout, 0), (run.route, run.target.name)
        if number < self._begun[entry]:
            self.broken.append(f"old over new: push {number} of {run.rollout} after {self._begun[entry]} on {entry}")
        self._last[entry] = run.rollout
        self._begun[entry] = max(self._begun[entry], number)

    def build_of_wave(self, build: SimulatedBuild, builds: Iterable[SimulatedBuild], trail: MemoryTrail) -> None:
        """A build began. The first of a later wave needs that the waves before are over, and an approval."""
        run = build.run
        if run.target.wave == 0 or build.request or (run.rollout, run.target.wave) in self._waves:
            return
        self._waves.add((run.rollout, run.target.wave))
        for other in builds:
            is_earlier = other.run.target.wave < run.target.wave and other.run.attempt == 1
            if other.live and other.run.rollout == run.rollout and is_earlier:
                self.broken.append(f"wave: {build.arn} of {run.rollout} began while {other.arn} was running")
        approvals = [each for each in trail.of_partition(rollout_partition(run.rollout)) if _approves(each, run)]
        if not approvals:
            self.broken.append(f"gate: {build.arn} of {run.rollout} began without an approval")

    def build_of_cancelled(self, build: SimulatedBuild) -> None:
        """A build began although its rollout was cancelled: only a call that was made before may have that effect."""
        if not build.late:
            self.broken.append(f"cancelled: {build.arn} of {build.run.rollout} began after the cancellation")

    def check(
        self, store: MemoryRollouts, trail: MemoryTrail, builds: list[SimulatedBuild], open_rollouts: list[RolloutId]
    ) -> None:
        """Check at the end, after a time without faults."""
        self.broken += [f"stuck: {rollout_id} is still open" for rollout_id in open_rollouts]
        newest: dict[tuple[str, TargetName], tuple[int, Run]] = {}
        half_way: set[RolloutId] = set()
        for rollout_id in sorted(self.rollouts):
            loaded = store.load(rollout_id)
            if loaded is None:
                self.broken.append(f"lost: {rollout_id} was accepted and does not exist")
                continue
            self.broken += self._of_rollout(*loaded, trail)
            if loaded[0].waves and ending_of(loaded[0]):
                half_way |= {run.rollout for run in loaded[1]}
            for name, run in latest(loaded[1]).items():
                entry, number = (run.route, name), self.pushed.get((rollout_id, name), 0)
                if number > newest.get(entry, (0, run))[0]:
                    newest[entry] = (number, run)
        self.broken += self._lost(newest, half_way)
        self.broken += self._of_builds(trail, builds)

    def _lost(
        self, newest: Mapping[tuple[str, TargetName], tuple[int, Run]], half_way: Collection[RolloutId]
    ) -> Iterator[str]:
        """The newest pushes that gave way to nothing newer. What a rollout that ended half-way left out is stated."""
        for (route, name), (number, run) in newest.items():
            # The last to run may have been pushed again since. Then it is newer, and nothing had to run again.
            last = self._last.get((route, name))
            if run.rollout in half_way:
                continue
            if run.state is RunState.SUPERSEDED and (last is None or self._newest.get(last, 0) < number):
                yield (f"lost: push {number} of {run.rollout} is the newest of {route} on {name}: {run.reason}")

    def _of_rollout(self, rollout: Rollout, runs: tuple[Run, ...], trail: MemoryTrail) -> Iterator[str]:
        missing = {target.name for target in rollout.spec.targets} - {run.target.name for run in runs}
        if missing and not (rollout.waves and ending_of(rollout)):
            yield f"lost: {rollout.id} never ran on {sorted(missing)}"
        events = trail.of_partition(rollout_partition(rollout.id))
        if rollout.state is RolloutState.CANCELLED and not any(isinstance(each, RolloutCancelled) for each in events):
            yield f"cancelled: nobody cancelled {rollout.id}"
        ends = Counter((event.target, event.attempt) for event in events if isinstance(event, RunEnded))
        for run in runs:
            if ends[run.target.name, run.attempt] != 1:
                yield f"events: {rollout.id} on {run.target.name} has {ends[run.target.name, run.attempt]} ends"
            if run.state not in NEVER_BUILT and run.build_arn is None:
                yield f"events: {rollout.id} on {run.target.name} is {run.state} without a build"
        rounds = [event.round for event in events if isinstance(event, RolloutEnded)]
        # What was interrupted in a wave or a hold, and goes on, is another round, although the one before had no end.
        goes_on = bool(rollout.waves) or any(isinstance(event, RolloutHalted) for event in events)
        is_in_order = rounds and rounds[-1] == rollout.round and len(set(rounds)) == len(rounds)
        if not (goes_on and is_in_order) and sorted(rounds) != list(range(1, rollout.round + 1)):
            yield f"events: {rollout.id} has the rounds {rounds} of {rollout.round}"

    def _of_builds(self, trail: MemoryTrail, builds: list[SimulatedBuild]) -> Iterator[str]:
        """Every build that ran is in the trail, and no other."""
        recorded = {event.build_arn for event in trail.all() if isinstance(event, RunStarted)}
        for build in builds:
            if build.arn not in recorded:
                yield f"trail: {build.arn} of {build.run.rollout} ran and is missing"
        for arn in recorded - {build.arn for build in builds}:
            yield f"trail: {arn} never ran"


def _approves(event: TrailEvent, run: Run) -> bool:
    """Whether an event is the approval of the wave of a run."""
    return isinstance(event, RolloutApproved) and event.wave == run.target.wave
