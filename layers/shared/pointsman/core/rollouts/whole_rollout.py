"""What the engine does for a whole rollout: read what a gate needs, list turns, store the rollouts of a rollback."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

from pointsman.core.cancellation import CommandId
from pointsman.core.identity import ENGINE, route_of
from pointsman.core.model import Rollout, RolloutId, Run, TargetName
from pointsman.core.ports import Alarms, RolloutStore, Trail, Transition
from pointsman.core.rollout_facts import Override, Rollback
from pointsman.core.rollouts.executor import Touched
from pointsman.core.rollouts.host_results import HostResults, attempts_that_count, tally
from pointsman.core.rollouts.reconcile import Step, latest
from pointsman.core.rollouts.rollback_plan import halting, marked, plan_rollback, request_of
from pointsman.core.rollouts.rollout_end import end_of_rollout
from pointsman.core.rollouts.rollout_steps import PlanRollback, ReadAlarms, ReadTallies, RequestRollback
from pointsman.core.rollouts.route_line import rolled_back
from pointsman.core.rollouts.situation import Facts, HostTally, Situation
from pointsman.core.rollouts.transitions import about_rollout
from pointsman.core.rollouts.turns import ListTurns
from pointsman.core.trail.command_events import RolloutRolledBack
from pointsman.errors import Conflict, raise_failures

PARALLEL_QUERIES = 16


@dataclass(frozen=True)
class WholeRollout:
    """Reads and stores for a rollout as a whole. `bring_forward` moves another one."""

    store: RolloutStore
    trail: Trail
    alarms: Alarms
    clock: Callable[[], datetime]
    bring_forward: Callable[[RolloutId, Touched], None]

    def read(self, runs: Sequence[Run], steps: Iterable[Step], facts: Facts) -> Facts:
        """`facts` with what these steps ask for. `runs` has those of the rollout."""
        for step in steps:
            match step:
                case ReadAlarms():
                    facts = replace(facts, alarms={**facts.alarms, **self.alarms.states(step.arns)})
                case ReadTallies():
                    with ThreadPoolExecutor(max_workers=PARALLEL_QUERIES) as pool:
                        tallies = list(pool.map(partial(self._tally, runs), step.runs))
                    read = {run.key: tally for run, tally in zip(step.runs, tallies, strict=True)}
                    facts = replace(facts, tallies={**facts.tallies, **read})
                case _:
                    pass
        return facts

    def execute(self, rollout: Rollout, runs: tuple[Run, ...], steps: Iterable[Step], touched: Touched) -> None:
        """Plan or request a rollback, if a step says so. If another process was faster, the caller decides again."""
        for step in steps:
            with suppress(Conflict):
                match step:
                    case PlanRollback():
                        self.store.commit(self._rolled_back(rollout, runs))
                    case RequestRollback():
                        self._request(rollout, touched)
                    case ListTurns():
                        self.store.list_turns(rollout.id, step.turns or ())
                        number = None if step.turns is None else rollout.version
                        self.store.commit(Transition(rollout=rollout.replace(turns_listed=number)))
                    case _:
                        pass

    def _tally(self, runs: Sequence[Run], run: Run) -> HostTally | None:
        return tally([HostResults.read(self.trail, each) for each in attempts_that_count(run, runs)])

    def _rolled_back(self, rollout: Rollout, runs: tuple[Run, ...]) -> Transition:
        """Mark a rollout that failed, with the commits to go back to. In a freeze, too: the failure is worse.

        If there is nothing to go back to, it only ends, so that it can be retried.
        """
        now, load = self.clock(), cache(self.store.load)
        key = route_of(rollout)
        around = self.store.surroundings({*rollout.spec.queues, *(run.queue for run in runs)}, (key,))
        route = rolled_back(around.routes[key], rollout, now)
        plan = plan_rollback(rollout, runs, (), around.queues, route, load)
        why = rollout.halt.reason if rollout.halt else "it failed"
        reason = f"{'rolled back by ' if plan.parts else ''}the route's on_failure: {why}"
        name = f"on-failure.{rollout.id}.{rollout.round}"  # an id of a person has no dot
        event = RolloutRolledBack(
            **about_rollout(rollout, now) | {"actor": ENGINE},
            command=name,
            reason=reason,
            parts=plan.parts,
            left_out={str(target): why for target, why in plan.left_out.items()},
            overrides_freeze=True,
        )
        if not plan.parts:
            [end] = end_of_rollout(Situation(rollout, latest(runs), around, {}, Facts(), now, runs))
            return end.replace(events=(event, *end.events))
        override = Override(command=CommandId(name), caller=ENGINE, at=now, reason=reason)
        rollback = Rollback(id=name, actor=ENGINE, at=now, reason=reason, parts=plan.parts, override=override)
        return Transition(rollout=marked(rollout, rollback), route=route, events=(event,))

    def _request(self, rollout: Rollout, touched: Touched) -> None:
        """Store the rollouts of a rollback, each once, and then that they are stored. Others of its commit may end."""
        rollback = rollout.rollback
        if rollback is None:
            return
        self._halt_bad_runs(rollout, touched)
        now = self.clock()
        for part in rollback.parts:
            loaded = self.store.load(RolloutId(part.rollout))
            if loaded is None:
                continue  # deleted by hand since: there is no commit to go back to
            transition = request_of(rollout, rollback, part, loaded[0], now)
            if transition.rollout and self.store.load(transition.rollout.id) is None:
                with suppress(Conflict):  # another process has just stored it
                    self.store.commit(transition)
                touched.rollouts[transition.rollout.id] = None
        self.store.commit(Transition(rollout=rollout.replace(rollback=rollback.replace(requested=True))))
        key, commit = route_of(rollout), rollout.change.after
        listed = self.store.surroundings((), (key,)).routes[key].open
        touched.rollouts.update(dict.fromkeys(ref.rollout for ref in listed if ref.commit == commit))

    def _halt_bad_runs(self, rollout: Rollout, touched: Touched) -> None:
        """Halt what a person runs of the bad commit: newer than the rollback, it would supersede it in the queues."""
        failures: list[Exception] = []
        for name in self._bad_runs(rollout):
            try:
                self.bring_forward(name, touched)
            except Exception as failure:  # of a region, say: it has left the queues all the same
                failures.append(failure)
        if failures and self._bad_runs(rollout):
            raise_failures(failures)

    def _bad_runs(self, rollout: Rollout) -> list[RolloutId]:
        """What waits in the queues of the rollout's targets although it halts."""
        key = route_of(rollout)
        names = {name for part in (rollout.rollback.parts if rollout.rollback else ()) for name in part.targets}
        of_parts = {rollout.spec.queue_for(TargetName(name)) for name in names}
        around = self.store.surroundings(of_parts.union(rollout.spec.queues), (key,))
        waiting = [entry for queue in around.queues.values() for entry in queue.waiting]
        entries = halting(waiting, around.routes[key], cache(self.store.load))
        return list(dict.fromkeys(entry.rollout for entry in entries if entry.rollout != rollout.id))
