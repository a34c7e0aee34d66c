"""The chaotic world: the engine and the commands on the twins, and everything that may happen to them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.cancellation import CommandId
from pointsman.core.delivery import Delivery
from pointsman.core.identity import rollout_id
from pointsman.core.model import DeliveryId, Mode, Rollout, RolloutId, RunState, TargetName
from pointsman.core.ports import AlarmState, BuildReport
from pointsman.core.queue_message import ReconcileRequest
from pointsman.core.rollouts.commands.forms import AnyCommand, Approve
from pointsman.core.rollouts.commands.service import CommandService
from pointsman.core.rollouts.engine import Engine
from pointsman.core.routing.decide import rollout_spec
from pointsman.core.trail.command_events import CommandEvent
from pointsman.core.trail.event import Event
from pointsman.errors import Rejected, Unavailable
from tests.support.chaos.faults import ChaosAlarms, ChaosBuilds, ChaosRollouts, ChaosTrail, DiedError, Fault, Faults
from tests.support.chaos.oracle import Began, Oracle
from tests.support.chaos.routes import ALARM, BY_NAME, ROUTES, TARGETS, pushed_change
from tests.support.chaos.wave_oracle import Hosts
from tests.support.events import host, playbook_ended
from tests.support.rollouts import Clock, delivery

BUILDS_LAST = timedelta(hours=44)  # at most: 8 hours in CodeBuild's queue and 36 of running
type EndReport = tuple[RolloutId, TargetName, int, BuildReport]


class ChaosWorld:
    """Everything that may happen, as methods. What happens inside of one another is a race of processes."""

    def __init__(self) -> None:
        self.clock, self.faults = Clock(), Faults()
        self.trail = ChaosTrail(self.faults)
        self.store = ChaosRollouts(self.trail, self.faults)
        self.builds = ChaosBuilds(self.clock, self.faults)
        self.alarms = ChaosAlarms(self.faults)
        self.alarms.set(ALARM, AlarmState.OK)
        self.oracle = Oracle(self.clock, self.store, self.builds, self.alarms)
        self.store.observer = self.builds.observer = self.oracle
        self.queue = MemoryQueue()
        self.engine = self._start_process()
        self.last_message: tuple[Delivery, str] | None = None
        self.last_command: tuple[AnyCommand, str] | None = None
        self.deliveries: list[Delivery] = []
        self.reports: list[EndReport] = []
        self.late_results: list[list[Event]] = []
        self.refs: dict[str, str] = {}  # the commit of each route's branch
        self._numbers = count(1)
        self.last_failure = ""

    def _start_process(self) -> Engine:
        return Engine(self.store, self.trail, self.builds, self.clock, alarms=self.alarms)

    # --- processes --------------------------------------------------------------------------------------------------

    def invoke(self, act: Callable[[], object]) -> bool:
        """Let a process do something. Return whether it got to its end."""
        try:
            act()
        except DiedError:
            self.engine = self._start_process()
        except Unavailable as failure:
            self.last_failure = str(failure)
        else:
            return True
        return False

    def race(self, act: Callable[[], object]) -> None:
        """Let another process act, while one is in the middle of a step. It has no faults of its own."""
        coming, self.faults.coming = self.faults.coming, []
        engine, self.engine = self.engine, self._start_process()
        self.oracle.raced = True
        try:
            self.invoke(act)
        finally:
            self.faults.coming, self.engine = coming, engine

    def step_is_over(self) -> None:
        """No process is in the middle of anything."""
        self.oracle.raced = False
        self.oracle.waves.note_regions_that_are_down()

    # --- pushes -----------------------------------------------------------------------------------------------------

    def push(self, route: str, letter: str, actor: str, author_login: str | None, without: TargetName | None) -> None:
        """Somebody pushes; the route may have lost a target in between."""
        self.clock.pass_by(seconds=2)
        compiled = BY_NAME[route]
        targets = tuple(target for target in ROUTES.targets_of(compiled) if target.name != without)
        change = pushed_change(route, letter, self.refs.get(route, "0"), actor, author_login)
        self.refs[route] = letter
        name = rollout_id(change.repository_id, route, change.after, Mode.APPLY)
        spec = rollout_spec(compiled, name, targets)
        base = delivery(name=f"d-{next(self._numbers)}", at=self.clock())
        pushed = base.replace(change=change, specs=(spec,), pushed_at=self.clock())
        self.deliveries.append(pushed)
        self._send(pushed)

    def redeliver(self, choice: int, *, twice_installed: bool) -> None:
        """By hand, from the dead-letter queue, captured, or by a webhook that is installed twice."""
        if not self.deliveries:
            return
        again = self.deliveries[choice % len(self.deliveries)].replace(received_at=self.clock())
        if twice_installed:
            again = again.replace(id=DeliveryId(f"{again.id}-twin"))
        self._send(again)

    def _send(self, incoming: Delivery) -> None:
        self.last_message = (incoming, f"m-{next(self._numbers)}")
        self.message_arrives()

    def message_arrives(self) -> None:
        """SQS delivers the newest message, perhaps once more."""
        if self.last_message:
            incoming, message = self.last_message
            self.invoke(lambda: self.engine.reconcile(self.engine.accept(incoming, message)))

    # --- builds -----------------------------------------------------------------------------------------------------

    def end_build(self, choice: int, state: RunState, hosts: Hosts, results: str, *, is_reported: bool) -> None:
        """A build ends. `results` of its hosts come now, late or never."""
        if live := self.builds.live:
            self._end(self._began(live[choice % len(live)]), state, hosts, results)
            if is_reported:
                self.report(-1)

    def end_stopped_builds(self) -> None:
        """CodeBuild has stopped what it was asked to stop."""
        for arn in self.builds.live:
            if arn in self.builds.stopped:
                self._end(self._began(arn), RunState.STOPPED, Hosts(fine=1), "never")
                self.report(-1)

    def _end(self, began: Began, state: RunState, hosts: Hosts, results: str) -> None:
        report = self.builds.finish(began.arn, state)
        self.reports.append((began.run.rollout, *began.run.key, report))
        self.oracle.waves.hosts[began.arn] = hosts.statuses(began.run.hosts)
        events = self._results(began, hosts)
        if results == "now":
            self._record(events)
        elif results == "late":
            self.late_results.append(events)

    def _results(self, began: Began, hosts: Hosts) -> list[Event]:
        about: dict[str, Any] = {"rollout": began.run.rollout, "attempt": began.run.attempt, "build_arn": began.arn}
        results: list[Event] = [
            host(began.run.target.name, name, status=status, **about)
            for name, status in hosts.statuses(began.run.hosts).items()
        ]
        missing: dict[str, Any] = {} if hosts.is_complete else {"results_missing": ["web-9"]}
        return [*results, playbook_ended(began.run.target.name, **about, hosts=len(results), **missing)]

    def _record(self, events: list[Event]) -> None:
        for event in events:
            ChaosTrail._add(self.trail, event)  # audit_writer, which has its own retries

    def late_results_arrive(self) -> None:
        """Results of hosts arrive after the end of their build."""
        while self.late_results:
            self._record(self.late_results.pop())

    def _began(self, arn: str) -> Began:
        return next(began for began in self.oracle.began if began.arn == arn)

    def report(self, choice: int) -> None:
        """CodeBuild's event of an end arrives: in time, late, or once more. One that never does is lost."""
        if self.reports:
            rollout, target, attempt, report = self.reports[choice % len(self.reports) if choice >= 0 else choice]
            self.invoke(lambda: self.engine.build_ended(rollout, target, attempt, report))

    def report_beginning(self, choice: int) -> None:
        """CodeBuild's event of a beginning arrives, perhaps after the end."""
        if began := self.oracle.began:
            run, arn = began[choice % len(began)].run, began[choice % len(began)].arn
            report = BuildReport(arn=arn, state=RunState.RUNNING, started_at=self.clock())
            self.invoke(lambda: self.engine.build_ended(run.rollout, *run.key, report))

    def delete_build(self, choice: int) -> None:
        """Somebody deletes a build that has ended and that the engine knows."""
        known = {run.build_arn for run in self.store.all_runs}
        ended = [arn for arn, build in self.builds.builds.items() if build.state.ended and arn in known]
        if ended:
            self.builds.deleted.add(ended[choice % len(ended)])

    # --- regions, time, sweeps --------------------------------------------------------------------------------------

    def region(self, name: TargetName, how: str) -> None:
        """The region of a target fails in some way, or works again."""
        self.repair(name)
        match how:
            case "refuses" | "closed" | "throttles":
                getattr(self.builds, how)[name] = how
            case "silent" | "loses_answers":
                getattr(self.builds, how).add(name)

    def repair(self, name: TargetName) -> None:
        """A region works again."""
        for refusing in (self.builds.refuses, self.builds.closed, self.builds.throttles):
            refusing.pop(name, None)
        self.builds.silent.discard(name)
        self.builds.loses_answers.discard(name)

    def pass_time(self, **amount: float) -> None:
        """Time passes, in which CodeBuild ends what runs for too long."""
        self.clock.pass_by(**amount)
        for arn in self.builds.live:
            began_at = self.builds.builds[arn].started_at
            if began_at and self.clock() - began_at > BUILDS_LAST:
                self._end(self._began(arn), RunState.TIMED_OUT, Hosts(), "never")

    def sweep(self) -> bool:
        """The schedule calls the engine."""
        is_done = self.invoke(self.engine.sweep)
        self.builds.left_out = set()
        return is_done

    # --- people -----------------------------------------------------------------------------------------------------

    def command(self, form: AnyCommand, caller: str, *, is_lost: bool = False) -> CommandEvent | None:
        """Somebody sends a command; start_build's message may be lost."""
        if isinstance(form, Approve):
            self.oracle.waves.sent.setdefault(form.id, (caller, form.rollout, form.wave, form.commit))
        self.last_command = (form, caller)
        answers: list[CommandEvent] = []
        self.invoke(lambda: self._execute(form, caller, answers))
        messages, self.queue.messages = self.queue.messages, []
        for message in messages if not is_lost else ():
            request = ReconcileRequest.read_from(message)
            assert request
            self.invoke(partial(self._reconcile, request.reconcile))
        return answers[0] if answers else None

    def _reconcile(self, rollout: RolloutId) -> None:
        self.engine.reconcile([rollout])

    def _execute(self, form: AnyCommand, caller: str, answers: list[CommandEvent]) -> None:
        service = CommandService(self.store, self.trail, self.queue, lambda: ROUTES, self.clock)
        try:
            answers.append(service.execute(form, caller))
        except Rejected:
            return  # it is about nothing that exists, or its id belongs to another command

    def new_command_id(self) -> CommandId:
        """The id of a new command."""
        return CommandId(f"command-{next(self._numbers)}")

    # --- what is there ----------------------------------------------------------------------------------------------

    @property
    def rollouts(self) -> list[Rollout]:
        """Every rollout, in the order of their creation."""
        return self.store.all_rollouts

    def queue_names(self) -> list[str]:
        """The queues of all targets."""
        return [*TARGETS, *(f"{name}#check" for name in TARGETS)]

    def plan_fault(self, fault: Fault) -> None:
        """A fault that comes."""
        self.faults.coming.append(fault)
