"""The laws at the moment at which something happens: a transition is stored, or a build begins.

The oracle judges by what is real: the builds of CodeBuild, the alarms, the time, what people have sent. It reads the
engine's records only to compare them with that. `raced`: another process acted in the middle of this step, so that
what this process has read may be older than a hold, a freeze or a cancellation.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from pointsman.core.model import Mode, Rollout, Run, RunState, TargetName, WhenBusy
from pointsman.core.ports import Transition
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.situation import has_started, wave_of
from pointsman.core.trail.command_events import FreezeEnded, FreezeStarted, RolloutApproved, RolloutRetried
from pointsman.core.trail.events import RolloutEnded, RolloutStarted, RunEnded, RunStarted, TrailEvent
from pointsman.core.trail.wave_events import GateEvaluated, RolloutHalted, RolloutWaited, WaveStarted
from tests.support.chaos.faults import ChaosAlarms, ChaosBuilds, ChaosRollouts, Stored
from tests.support.chaos.routes import AFTERNOON, BY_NAME, NEVER, evening_after, is_afternoon
from tests.support.chaos.wave_oracle import WaveOracle
from tests.support.rollouts import Clock

HOLDS = (RunState.STARTING, RunState.RUNNING)
RANK = {state: min(index, 3) for index, state in enumerate(RunState)}  # every end ranks alike


@dataclass(frozen=True)
class Began:
    """A build that really began."""

    rollout: Rollout
    run: Run
    arn: str

    @property
    def group(self) -> tuple[str, TargetName]:
        """What is ordered by the time of the push."""
        return str(self.run.queue_entry.concurrency_group), self.run.target.name


class Oracle:
    """See the module. `broken` lists the broken laws."""

    def __init__(self, clock: Clock, store: ChaosRollouts, builds: ChaosBuilds, alarms: ChaosAlarms) -> None:
        self.clock, self.store, self.builds = clock, store, builds
        self.broken: list[str] = []
        self.raced = False
        self.began: list[Began] = []
        self.freezes: dict[str, FreezeStarted] = {}  # by scope
        self.unavailable: set[tuple[str, TargetName, int]] = set()  # runs whose region was down for a while
        self.waves = WaveOracle(self, alarms)
        self._newest_began: dict[tuple[str, TargetName], datetime] = {}

    def breach(self, law: str) -> None:
        """Note a broken law."""
        self.broken.append(f"{law} [{self.clock():%d %H:%M:%S}]")

    # --- transitions ------------------------------------------------------------------------------------------------

    def committed(self, before: Stored, transition: Transition) -> None:
        """See Observer."""
        if transition.rollout:
            self._rollout_changed(before.rollout, transition.rollout, transition)
        for earlier, run in zip(before.runs, transition.runs, strict=True):
            if earlier:
                self.waves.note_if_unavailable(earlier)
            self._run_changed(earlier, run, transition)
        for event in transition.events:
            self._recorded(event, transition)

    def _recorded(self, event: TrailEvent, transition: Transition) -> None:
        match event:
            case WaveStarted():
                self.waves.started(event, transition)
            case RolloutApproved():
                self.waves.approved(event)
            case FreezeStarted():
                self.freezes[event.scope] = event
            case FreezeEnded():
                self.freezes.pop(event.scope, None)
            case _:
                pass

    def _rollout_changed(self, before: Rollout | None, rollout: Rollout, transition: Transition) -> None:
        if before is None:
            self._is_new(rollout)
            return
        self._remembers_who_pushed(before, rollout)
        self.waves.changed(before, rollout)
        has_changed = before.state.ended and rollout.round == before.round and rollout.state is not before.state
        if rollout.round < before.round or has_changed:
            self.breach(f"backwards: {rollout.id} in round {rollout.round} after {before.round}, {before.state}")
        if rollout.waves_started < before.waves_started and rollout.round == before.round:
            self.breach(f"backwards: {rollout.id} went back to wave {rollout.waves_started}")
        if before.rollback and not rollout.rollback:
            self.breach(f"rolled back: {rollout.id} is no longer marked as bad")
        if rollout.state.ended and not before.state.ended:
            self._has_ended(rollout, transition)

    def _remembers_who_pushed(self, before: Rollout, rollout: Rollout) -> None:
        known = {rollout.change.actor, *rollout.change.earlier_actors}
        if not known.issuperset({before.change.actor, *before.change.earlier_actors}):
            self.breach(f"author: {rollout.id} forgot who pushed it")

    def _has_ended(self, rollout: Rollout, transition: Transition) -> None:
        runs = self.store.runs_of(rollout.id)
        if not any(isinstance(event, RolloutEnded) for event in transition.events):
            self.breach(f"events: {rollout.id} ended without an event")
        if not ending_of(rollout) and (lost := set(rollout.attempts.items()) - {run.key for run in runs}):
            self.breach(f"lost: {rollout.id} ended, although {lost} was asked for")
        if any(self.is_live_build(run) for run in runs):
            self.breach(f"ended: {rollout.id} ended with a live build")

    def _is_new(self, rollout: Rollout) -> None:
        """A rollback goes to a commit that was not rolled back, and whose last build there succeeded."""
        request = rollout.request
        if request is None or request.rolls_back is None:
            return
        for target in rollout.spec.targets:
            builds = [
                began
                for began in self.began
                if began.rollout.change.after == rollout.change.after
                and began.run.route == rollout.spec.route
                and began.run.target.name == target.name
                and began.run.mode is Mode.APPLY
                and began.rollout.id != rollout.id
            ]
            last = self.builds.builds[builds[-1].arn].state if builds else None
            if last is None or (last.ended and last is not RunState.SUCCEEDED):
                self.breach(f"rollback: {rollout.id} goes to {rollout.change.after[:1]} on {target.name}: {last}")

    def _run_changed(self, before: Run | None, run: Run, transition: Transition) -> None:
        state = before.state if before else None
        if before and state and (RANK[run.state] < RANK[state] or (state.ended and run.state is not state)):
            self.breach(f"backwards: {run.rollout} on {run.key} went from {state} to {run.state}")
        if before and before.build_arn and run.build_arn != before.build_arn:
            self.breach(f"backwards: the build of {run.rollout} on {run.key} changed")
        ends = [event for event in transition.events if isinstance(event, RunEnded)]
        if run.state.ended and not (state and state.ended) and len(ends) != 1:
            self.breach(f"events: {run.rollout} on {run.key} ended with {len(ends)} events")
        begins = [event for event in transition.events if isinstance(event, RunStarted)]
        if run.state is RunState.RUNNING and state is not RunState.RUNNING and len(begins) != 1:
            self.breach(f"events: {run.rollout} on {run.key} started with {len(begins)} events")
        if run.state is RunState.STARTING and state is not RunState.STARTING:
            self._acquired(run)
        if run.state.ended and self.is_live_build(run):
            self.breach(f"freed: {run.rollout} on {run.key} is {run.state}, and its build is live")

    def is_live_build(self, run: Run) -> bool:
        """Whether a build of a run has not ended, recorded or not."""
        arn = next(
            (began.arn for began in self.began if (began.run.rollout, *began.run.key) == (run.rollout, *run.key)), ""
        )
        build = self.builds.builds.get(arn)
        return build is not None and not build.state.ended

    def _acquired(self, run: Run) -> None:
        """A run acquired its target, and calls StartBuild next."""
        rollout = self._stored(run.rollout)
        if not has_started(rollout, run.target):
            self.breach(f"wave: {run.rollout} acquired {run.target.name} before its wave")
        self._keeps_max_parallel(rollout, run)
        self._may_start(rollout, run, "it was acquired")

    def _may_start(self, rollout: Rollout, run: Run, what: str) -> None:
        """Nothing keeps a run from starting, unless that is so new that this process could not know it."""
        if self.raced:
            return
        if ending := ending_of(rollout):
            self.breach(f"after the end: {what} for {run.rollout} on {run.target.name}, which was {ending.reason}")
        if rollout.hold:
            self.breach(f"held: {what} for {run.rollout} on {run.target.name}")
        if reason := self.frozen(rollout, run.target.name):
            self.breach(f"frozen: {what} for {run.rollout} on {run.target.name} in a freeze of {reason}")

    def frozen(self, rollout: Rollout, target: TargetName) -> str | None:
        """The freeze that is in effect for a rollout on a target."""
        if rollout.spec.mode is Mode.CHECK:
            return None
        overridden_at = rollout.freeze_override.at if rollout.freeze_override else NEVER
        now, route = self.clock(), rollout.spec.route
        plan = BY_NAME[route].plan
        if plan and plan.freezes == (AFTERNOON,) and is_afternoon(now) and now >= evening_after(overridden_at):
            return "the route"
        for scope, freeze in self.freezes.items():
            if (
                freeze.until > now
                and freeze.at > overridden_at
                and (scope in ("*", route) or ("/" in scope and fnmatchcase(target, scope)))
            ):
                return scope
        return None

    def _keeps_max_parallel(self, rollout: Rollout, run: Run) -> None:
        if not rollout.waves:
            return
        self.waves.note_regions_that_are_down()
        most = rollout.waves[wave_of(rollout, run.target)].max_parallel
        mine = [
            other.target.name
            for other in self.store.runs_of(rollout.id)
            if wave_of(rollout, other.target) == wave_of(rollout, run.target)
            and other.state in HOLDS
            and (other.rollout, *other.key) not in self.unavailable
        ]
        if most is not None and len(mine) > most:
            self.breach(f"max_parallel: {rollout.id} holds {', '.join(mine)}, and {most} are allowed")

    # --- builds -----------------------------------------------------------------------------------------------------

    def build_began(self, rollout: Rollout, run: Run, arn: str) -> None:
        """See Observer."""
        for other in self.began:
            if other.run.queue == run.queue and not self.builds.builds[other.arn].state.ended:
                self.breach(f"double: {run.rollout} and {other.run.rollout} are live on {run.queue}")
            if (other.run.rollout, *other.run.key) == (run.rollout, *run.key):
                self.breach(f"twice: {run.rollout} has two builds on {run.key}")
        began = Began(rollout, run, arn)
        self.began.append(began)
        self._is_in_order(began)
        if ending_of(rollout):
            self.breach(f"after the end: a build of {run.rollout} began on {run.target.name}, as its process knew")
        stored = self._stored(run.rollout)
        if not self.raced and (stored.state.ended or ending_of(stored)):
            self.breach(f"after the end: a build of {run.rollout} began on {run.target.name}")
        self._may_start(stored, run, "a build began")
        if not has_started(stored, run.target):
            self.breach(f"wave: a build of {run.rollout} began on {run.target.name} before its wave")

    def _is_in_order(self, began: Began) -> None:
        """No older commit of a route runs after a newer one. What runs by hand counts as pushed at that moment."""
        if began.run.mode is Mode.CHECK:
            return
        newest = self._newest_began.get(began.group, began.run.ordering_time)
        if began.run.ordering_time < newest:
            self.breach(f"old over new: {began.run.rollout} on {began.run.target.name}")
        self._newest_began[began.group] = max(newest, began.run.ordering_time)

    def supersedes(self, rollout: Rollout) -> str | None:
        """The newer rollout that supersedes an open one."""
        if rollout.spec.when_busy is WhenBusy.QUEUE or not rollout.is_of_whole_route:
            return None
        if any(isinstance(each, RolloutRetried) and each.rollout == rollout.id for each in self.store.trail.added):
            return None  # a person wants it although there is a newer one
        newer = [
            other
            for other in self.store.all_rollouts
            if other.is_of_whole_route
            and other.spec.route == rollout.spec.route
            and other.ordering_time > rollout.ordering_time
        ]
        return newer[0].id if newer else None

    def _stored(self, rollout: str) -> Rollout:
        return self.store.rollout(rollout)

    def counts(self) -> Counter[str]:
        """What happened, so that a test can say that the world was not a quiet one."""
        counts: Counter[str] = Counter(event.type for event in self.store.trail.added)
        for event in self.store.trail.added:
            match event:
                case WaveStarted(wave=number):
                    counts[f"wave {number}"] += 1
                case GateEvaluated(outcome=outcome):
                    counts[f"gate {outcome}"] += 1
                case RolloutHalted(kind=kind):
                    counts[f"halt {kind}"] += 1
                case RolloutEnded(state=state):
                    counts[f"end {state}"] += 1
                case RolloutWaited(kind=kind):
                    counts[f"wait {kind}"] += 1
                case RolloutStarted(request=request) if request:
                    counts[f"request {request.trigger}"] += 1
                case _:
                    pass
        return counts
