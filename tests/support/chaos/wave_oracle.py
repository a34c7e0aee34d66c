"""The laws of waves and gates: what must be true in the world when a wave starts."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pointsman.core.model import Rollout, Run, RunState, Target, TargetName
from pointsman.core.ports import Transition
from pointsman.core.rollout_plan import Gate, OnFailure, Tolerance
from pointsman.core.rollouts.waves import targets_of_wave
from pointsman.core.trail.command_events import RolloutApproved
from pointsman.core.trail.wave_events import GateEvaluated, GateOutcome, WaveStarted
from tests.support.chaos.faults import ChaosAlarms
from tests.support.chaos.routes import LOGINS

if TYPE_CHECKING:
    from tests.support.chaos.oracle import Oracle


@dataclass(frozen=True)
class Hosts:
    """What Ansible did on the hosts of a build."""

    fine: int = 0
    failed: int = 0
    unreachable: int = 0
    is_complete: bool = True  # all results arrive sooner or later

    def statuses(self, limited_to: tuple[str, ...]) -> dict[str, str]:
        """The status of each host by its name. A run on some hosts alone has no others."""
        bad = ["failed"] * self.failed + ["unreachable"] * self.unreachable
        names = limited_to or tuple(f"web-{number}" for number in range(1, len(bad) + self.fine + 1))
        return {name: bad[index] if index < len(bad) else "changed" for index, name in enumerate(names)}


@dataclass
class WaveOracle:
    """Judges each start of a wave."""

    oracle: "Oracle"
    alarms: ChaosAlarms
    hosts: dict[str, dict[str, str]] = field(default_factory=dict)  # the status of each, by build
    sent: dict[str, tuple[str, str, int, str]] = field(default_factory=dict)  # approvals: caller, rollout, wave, commit
    _approvals: list[tuple[RolloutApproved, int]] = field(default_factory=list)  # with the round
    _started: set[tuple[str, int, int]] = field(default_factory=set)
    _passed: set[str] = field(default_factory=set)  # rollouts of pushes that have passed all gates, or came along

    def approved(self, event: RolloutApproved) -> None:
        """An approval took effect: it is what somebody sent, who may approve the rollout of this commit."""
        rollout = self._rollout(event.rollout)
        caller, approved, wave, commit = self.sent[event.command]
        self._approvals.append((event, rollout.round))
        if (caller, approved, wave, commit) != (event.actor, rollout.id, event.wave, rollout.change.after):
            self.oracle.breach(f"approval: that of {event.rollout} is not what was sent: {self.sent[event.command]}")
        gate = rollout.waves[wave - 1].after
        login = LOGINS.get(caller)
        if gate is None or gate.approval is None or login not in gate.approval.by:
            self.oracle.breach(f"approval: {caller} may not approve {rollout.id}")
        elif gate.approval.not_author and login in self._authors(rollout):
            self.oracle.breach(f"approval: {login} approved what {login} wrote, {rollout.id}")
        elif gate.approval.not_author and None in self._authors(rollout):
            self.oracle.breach(f"approval: {login} approved what somebody unknown wrote, {rollout.id}")
        elif gate.approval.not_author and not self.oracle.raced:
            for each in self._brought(rollout):
                if each.id not in self._passed and not self._authors(each).isdisjoint((login, None)):
                    self.oracle.breach(f"approval: {login} approved {rollout.id}, and {each.id} came along")

    def changed(self, before: Rollout, rollout: Rollout) -> None:
        """A rollout was pushed again, or has ended."""
        if before.ordering_time != rollout.ordering_time:
            self._passed.discard(rollout.id)
        has_ended = rollout.state.ended and not before.state.ended
        if has_ended and rollout.is_of_whole_route and rollout.waves_started >= len(rollout.waves):
            self._passed.update(each.id for each in self._brought(rollout))

    def _brought(self, rollout: Rollout) -> list[Rollout]:
        """The pushes of its route up to that of its commit."""
        pushes = [
            each
            for each in self.oracle.store.all_rollouts
            if each.request is None and each.is_of_whole_route and each.spec.route == rollout.spec.route
        ]
        own = [each.ordering_time for each in pushes if each.change.after == rollout.change.after]
        return [each for each in pushes if own and each.ordering_time <= own[0]]

    def _authors(self, rollout: Rollout) -> set[str | None]:
        """Who pushed, wrote or requested it; None for somebody who is unknown."""
        change, request = rollout.change, rollout.request
        requested: set[str | None] = {LOGINS.get(request.actor)} if request else set()
        author = change.author_login.lower() if change.author_login else None
        return {change.actor, *change.earlier_actors, author} | requested

    def started(self, event: WaveStarted, transition: Transition) -> None:
        """A wave started."""
        rollout = self._rollout(event.rollout)
        name = (rollout.id, event.round, event.wave)
        if name in self._started or event.round != rollout.round or event.wave != rollout.waves_started:
            self.oracle.breach(f"wave: {event.wave} of {rollout.id} started again, in round {event.round}")
        self._started.add(name)
        if not self.oracle.raced:
            self._may_start_now(rollout, event)
        if event.wave > 1:
            self._gate_was_passed(rollout, event.wave - 1, transition)

    def _may_start_now(self, rollout: Rollout, event: WaveStarted) -> None:
        runs = self._runs(rollout, event.wave - 1)
        has_run = len(runs) == len(event.targets) and all(run.state is RunState.SUCCEEDED for run in runs)
        newer = None if has_run else self.oracle.supersedes(rollout)  # pushed again, it starts nothing
        if newer:
            self.oracle.breach(f"superseded: wave {event.wave} of {rollout.id} started, after {newer} was there")
        if rollout.hold:
            self.oracle.breach(f"held: wave {event.wave} of {rollout.id} started")
        if event.targets and all(self.oracle.frozen(rollout, TargetName(name)) for name in event.targets):
            self.oracle.breach(f"frozen: wave {event.wave} of {rollout.id} started")

    def _gate_was_passed(self, rollout: Rollout, wave: int, transition: Transition) -> None:
        recorded = [
            event
            for event in transition.events
            if isinstance(event, GateEvaluated)
            and (event.wave, event.round, event.outcome) == (wave, rollout.round, GateOutcome.PASSED)
        ]
        if len(recorded) != 1:
            self.oracle.breach(f"gate: {rollout.id} went past wave {wave} without a record")
        for index in range(wave):
            self._is_over(rollout, index)
        on_failure = rollout.spec.plan.on_failure if rollout.spec.plan else None
        for index, policy in enumerate(rollout.waves[:wave]):
            reason = None if on_failure is OnFailure.CONTINUE else self._failure(rollout, index, policy.tolerate)
            if reason:
                self.oracle.breach(f"gate: {rollout.id} went past wave {wave}, and wave {index + 1} failed: {reason}")
        if gate := rollout.waves[wave - 1].after:
            self._gate_is_satisfied(rollout, wave, gate)

    def _is_over(self, rollout: Rollout, index: int) -> None:
        for target in targets_of_wave(rollout, index):
            run = self._run(rollout, target)
            if run is None or not (run.state.ended or self.note_if_unavailable(run)):
                self.oracle.breach(f"gate: {rollout.id} went past wave {index + 1} with {target.name} open")

    def _gate_is_satisfied(self, rollout: Rollout, wave: int, gate: Gate) -> None:
        now = self.oracle.clock()
        ends = [run.ended_at for run in self._runs(rollout, wave - 1) if run.build_arn and run.ended_at]
        if ends and now < max(ends) + timedelta(seconds=gate.soak_seconds):
            self.oracle.breach(f"gate: wave {wave} of {rollout.id} has not soaked")
        alarming = [arn for arn in gate.alarms if self.alarms.state(arn) in ("alarm", "missing")]
        if alarming and not self.oracle.raced:
            self.oracle.breach(f"gate: {rollout.id} went past wave {wave} with an alarm")
        if gate.approval is None:
            return
        mine = [
            event
            for event, round_ in self._approvals
            if (event.rollout, event.wave, round_) == (rollout.id, wave, rollout.round)
        ]
        if not mine:
            self.oracle.breach(f"gate: {rollout.id} went past wave {wave} without an approval")

    def _failure(self, rollout: Rollout, index: int, tolerate: Tolerance) -> str | None:
        """Why a wave has failed, judged by what really happened on its hosts."""
        runs = self._runs(rollout, index)
        down = sum(map(self.note_if_unavailable, runs))
        if not tolerate.unavailable_targets.allows(down, len(targets_of_wave(rollout, index))):
            return f"{down} regions are down"
        bad = [run for run in runs if run.state.failed]
        if beyond := [run for run in bad if run.state is not RunState.FAILED]:
            return f"{beyond[0].target.name} {beyond[0].state}"
        states = [status for run in runs for status in self._hosts_of_target(run).values()]
        total, failed, unreachable = len(states), states.count("failed"), states.count("unreachable")
        if any({"failed", "unreachable"}.isdisjoint(self.hosts[str(run.build_arn)].values()) for run in bad):
            return "it failed, although no host did"
        if bad and not tolerate.failed_hosts.allows(failed, total):
            return f"{failed} of {total} hosts failed"
        if bad and not tolerate.unreachable_hosts.allows(unreachable, total):
            return f"{unreachable} of {total} hosts were unreachable"
        return None

    def _hosts_of_target(self, run: Run) -> dict[str, str]:
        """The hosts of a target: those that the newest run left out are as the runs before left them."""
        runs = [each for each in self.oracle.store.runs_of(run.rollout) if each.target.name == run.target.name]
        runs = sorted((each for each in runs if each.build_arn), key=lambda each: each.attempt)
        whole = [index for index, each in enumerate(runs) if not each.hosts]
        hosts: dict[str, str] = {}
        for each in runs[whole[-1] if whole else 0 :]:
            hosts |= self.hosts.get(str(each.build_arn), {})
        return hosts

    def note_if_unavailable(self, run: Run) -> bool:
        """Whether the region of a run has started no build for long. Others go on beside it from then on."""
        held = self.oracle.clock() - run.acquired_at if run.acquired_at else timedelta()
        is_down = run.state is RunState.STARTING and bool(run.reason) and held > timedelta(minutes=15)
        if is_down:
            self.oracle.unavailable.add((run.rollout, *run.key))
        return is_down

    def note_regions_that_are_down(self) -> None:
        """Such runs do not count as parallel ones: others go on meanwhile."""
        for run in self.oracle.store.all_runs:
            self.note_if_unavailable(run)

    def _runs(self, rollout: Rollout, index: int) -> list[Run]:
        return [run for target in targets_of_wave(rollout, index) if (run := self._run(rollout, target))]

    def _run(self, rollout: Rollout, target: Target) -> Run | None:
        runs = [run for run in self.oracle.store.runs_of(rollout.id) if run.target.name == target.name]
        return max(runs, key=lambda run: run.attempt, default=None)

    def _rollout(self, rollout: str | None) -> Rollout:
        return self.oracle.store.rollout(str(rollout))
