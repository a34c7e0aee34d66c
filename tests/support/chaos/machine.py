"""The state machine: hypothesis chooses what happens in the chaotic world, and shrinks what breaks a law."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.core.model import RunState
from pointsman.core.ports import AlarmState
from pointsman.core.rollouts.commands.forms import Reject, Resume, Retry, RollBack
from tests.support.chaos import commands, quiet_laws
from tests.support.chaos.faults import POINTS, Fault, die, lose_the_answer
from tests.support.chaos.routes import ALARM, CALLERS, OLA, ROUTE_NAMES, TARGETS
from tests.support.chaos.wave_oracle import Hosts
from tests.support.chaos.world import ChaosWorld

ENDS = (RunState.SUCCEEDED, RunState.FAILED, RunState.STOPPED, RunState.TIMED_OUT, RunState.FAULTED)
FAILURES = (Hosts(fine=1, failed=1), Hosts(fine=3, unreachable=1), Hosts(failed=2), Hosts(fine=1))
WAYS_TO_FAIL = ("refuses", "closed", "throttles", "silent", "loses_answers")
FINE = Hosts(fine=2)
APPROVERS = ("able", "able", "author")
NUMBERS = st.integers(0, 99)
LAST_MINUTES = 400  # sweeps until everything has ended


class Chaos(RuleBasedStateMachine):
    """Everything may happen, in any order; no law may be broken; and once faults stop, everything ends."""

    steps: ClassVar[int] = 0
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.world = ChaosWorld()

    # --- pushes -----------------------------------------------------------------------------------------------------

    @rule(
        route=st.sampled_from(ROUTE_NAMES),
        letter=st.sampled_from("abcdefgh"),
        actor=st.sampled_from(["hana", "ola", *["eve"] * 4]),
        author_login=st.sampled_from([None, "Hana", "ola", *["eve"] * 9]),
        without=st.sampled_from([None, None, None, *TARGETS[2:]]),
    )
    def push(self, **pushed: str | None) -> None:
        self.world.push(**pushed)  # type: ignore[arg-type]

    @rule(choice=NUMBERS, twice_installed=st.booleans())
    def redelivery(self, choice: int, twice_installed: bool) -> None:
        self.world.redeliver(choice, twice_installed=twice_installed)

    @rule()
    def the_last_message_arrives_again(self) -> None:
        self.world.message_arrives()

    # --- builds -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.builds.live)
    @rule(
        choice=NUMBERS,
        state=st.sampled_from(ENDS[:2] + ENDS),
        hosts=st.sampled_from(FAILURES),
        results=st.sampled_from(["now", "now", "late", "never"]),
        is_reported=st.booleans(),
    )
    def a_build_ends(self, choice: int, state: RunState, hosts: Hosts, results: str, is_reported: bool) -> None:
        hosts = hosts if state is RunState.FAILED else FINE
        self.world.end_build(choice, state, hosts, results, is_reported=is_reported)

    @rule(
        times=st.integers(1, 3),
        minutes=st.sampled_from([0, 11]),
        caller=st.sampled_from(["nobody", "nobody", *APPROVERS]),
    )
    def all_goes_well_for_a_while(self, times: int, minutes: int, caller: str) -> None:
        for _ in range(times):
            if caller != "nobody":
                self.somebody_approves(caller)
            for _ in range(len(self.world.builds.live)):
                self.world.end_build(0, RunState.SUCCEEDED, FINE, "now", is_reported=True)
            self.world.pass_time(minutes=minutes)
            self.world.sweep()

    @rule(route=st.sampled_from(["edge", "edge", "site", "flat"]), letter=st.sampled_from("abcdefgh"))
    def a_commit_succeeds(self, route: str, letter: str) -> None:
        """As far as it is let: so that there is something to go back to."""
        self.world.push(route, letter, "eve", None, None)
        self.all_goes_well_for_a_while(4, 11, "able")

    @precondition(lambda self: self.world.builds.stopped)
    @rule()
    def builds_stop(self) -> None:
        self.world.end_stopped_builds()

    @precondition(lambda self: self.world.reports)
    @rule(choice=NUMBERS)
    def an_end_is_reported_again_or_late(self, choice: int) -> None:
        self.world.report(choice)

    @precondition(lambda self: self.world.oracle.began)
    @rule(choice=NUMBERS)
    def a_beginning_is_reported(self, choice: int) -> None:
        self.world.report_beginning(choice)

    @precondition(lambda self: self.world.late_results)
    @rule()
    def late_results_arrive(self) -> None:
        self.world.late_results_arrive()

    @precondition(lambda self: self.world.builds.builds)
    @rule(choice=NUMBERS, is_for_good=st.booleans())
    def a_build_is_deleted_or_left_out_once(self, choice: int, is_for_good: bool) -> None:
        if is_for_good:
            self.world.delete_build(choice)
        else:
            self.world.builds.left_out = {sorted(self.world.builds.builds)[choice % len(self.world.builds.builds)]}

    # --- people -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.rollouts)
    @rule(
        name=st.sampled_from(commands.ROLLOUT_COMMANDS),
        choice=NUMBERS,
        number=NUMBERS,
        flag=st.booleans(),
        caller=st.sampled_from(CALLERS),
        is_lost=st.booleans(),
    )
    def a_command(self, name: str, choice: int, number: int, flag: bool, caller: str, is_lost: bool) -> None:
        form = commands.about_a_rollout(self.world, name, choice, number, flag=flag)
        self.world.command(form, caller, is_lost=is_lost)

    @rule(
        name=st.sampled_from(commands.OTHER_COMMANDS),
        number=NUMBERS,
        letter=st.sampled_from("abcz"),
        flag=st.booleans(),
        caller=st.sampled_from(CALLERS),
    )
    def another_command(self, name: str, number: int, letter: str, flag: bool, caller: str) -> None:
        self.world.command(commands.about_the_rest(self.world, name, number, letter, flag=flag), caller)

    @precondition(lambda self: self.world.last_command)
    @rule(caller=st.sampled_from([None, None, *CALLERS]))
    def the_last_command_is_sent_again(self, caller: str | None) -> None:
        """It changes nothing, whoever sends it."""
        if self.world.last_command is None:
            return
        form, first = self.world.last_command
        known = [event for event in self.world.trail.added if getattr(event, "command", None) == form.id]
        answer = self.world.command(form, caller or first)
        again = [event for event in self.world.trail.added if getattr(event, "command", None) == form.id]
        if known and again != known:
            self.world.oracle.breach(f"command: {form.id} had an effect twice: {again}")
        if known and answer is not None and answer != known[0]:
            self.world.oracle.breach(f"command: {form.id} was answered with {answer}, and before with {known[0]}")

    @precondition(lambda self: bool(commands.right_approval(self.world)))
    @rule(caller=st.sampled_from(APPROVERS + CALLERS))
    def anybody_approves(self, caller: str) -> None:
        self.somebody_approves(caller)

    def somebody_approves(self, caller: str) -> None:
        """Somebody who may, or perhaps somebody who may not."""
        if found := commands.right_approval(self.world):
            form, able = found
            callers = {"able": able, "author": commands.author_of(self.world, form)}
            self.world.command(form, callers.get(caller, caller))

    @precondition(lambda self: bool(commands.right_approval(self.world)))
    @rule(caller=st.sampled_from(CALLERS))
    def somebody_rejects(self, caller: str) -> None:
        if found := commands.right_approval(self.world):
            form = Reject(id=self.world.new_command_id(), rollout=found[0].rollout, wave=found[0].wave)
            self.world.command(form, caller)

    @precondition(lambda self: self.world.oracle.began)
    @rule(choice=NUMBERS)
    def somebody_rolls_back(self, choice: int) -> None:
        began = self.world.oracle.began[-8:]
        form = RollBack(id=self.world.new_command_id(), rollout=began[choice % len(began)].rollout.id)
        self.world.command(form, OLA)

    @precondition(lambda self: bool(commands.held(self.world)))
    @rule(choice=NUMBERS)
    def somebody_resumes(self, choice: int) -> None:
        rollouts = commands.held(self.world)
        form = Resume(id=self.world.new_command_id(), rollout=rollouts[choice % len(rollouts)].id)
        self.world.command(form, OLA)

    @precondition(lambda self: bool(commands.retriable(self.world)))
    @rule(choice=NUMBERS, failed_hosts=st.booleans())
    def somebody_retries_what_failed(self, choice: int, failed_hosts: bool) -> None:
        rollouts = commands.retriable(self.world)
        form = Retry(
            id=self.world.new_command_id(), rollout=rollouts[choice % len(rollouts)].id, failed_hosts=failed_hosts
        )
        self.world.command(form, OLA)

    # --- faults -----------------------------------------------------------------------------------------------------

    @rule(
        point=st.sampled_from(POINTS + POINTS[:1] * 4 + ("start",) * 2),
        skip=st.sampled_from([0, 0, 1, 2, 5]),
        is_before=st.booleans(),
        dies=st.booleans(),
    )
    def a_fault_comes(self, point: str, skip: int, is_before: bool, dies: bool) -> None:
        act = die if dies or point == "alarms" else lose_the_answer
        self.world.plan_fault(Fault(point, act, skip, is_before))

    @rule(
        point=st.sampled_from(("commit", "commit", *POINTS)),
        skip=st.sampled_from([0, 0, 1, 2]),
        is_before=st.booleans(),
        which=st.integers(0, 8),
        choice=NUMBERS,
    )
    def a_race_comes(self, point: str, skip: int, is_before: bool, which: int, choice: int) -> None:
        """Another process will act in the middle of a later step."""
        act = self._rival(which, choice)
        self.world.plan_fault(Fault(point, lambda: self.world.race(act), skip, is_before))

    def _rival(self, which: int, choice: int) -> Callable[[], object]:
        world = self.world
        rollout_command = commands.ROLLOUT_COMMANDS[choice % len(commands.ROLLOUT_COMMANDS)]
        rivals: tuple[Callable[[], object], ...] = (
            world.sweep,
            world.sweep,
            lambda: world.engine.reconcile([rollout.id for rollout in world.rollouts]),
            lambda: world.report(-1),
            world.message_arrives,
            lambda: world.push("site", "abcd"[choice % 4], "eve", None, None),
            lambda: world.command(commands.about_the_rest(world, "freeze", choice, "a", flag=True), OLA),
            lambda: self._command(rollout_command, choice),
            lambda: self._command(rollout_command, choice),
        )
        return rivals[which]

    def _command(self, name: str, choice: int) -> None:
        form = commands.about_a_rollout(self.world, name, choice, choice, flag=True)
        self.world.command(form, OLA, is_lost=choice % 2 == 0)

    @rule(
        name=st.sampled_from(TARGETS),
        how=st.sampled_from(["refuses", "closed", "throttles", "silent", "loses_answers"]),
    )
    def a_region_fails(self, name: str, how: str) -> None:
        self.world.region(name, how)  # type: ignore[arg-type]

    @rule()
    def all_regions_work_again(self) -> None:
        for name in TARGETS:
            self.world.repair(name)

    @rule(state=st.sampled_from([AlarmState.OK, AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA]))
    def the_alarm_changes(self, state: AlarmState) -> None:
        self.world.alarms.set(ALARM, state)

    # --- time -------------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([0, 1, 6, 16, 61, 500]))
    def time_passes(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    @rule(hours=st.sampled_from([8, 8, 24, 100]))
    def days_pass(self, hours: int) -> None:
        for _ in range(0, hours, 8):
            self.world.pass_time(hours=8)
            self.world.sweep()

    @rule(minutes=st.sampled_from([0, 1, 5, 5, 11]))
    def a_sweep(self, minutes: int) -> None:
        """Without a fault in it, it leaves nothing to do."""
        self.world.pass_time(minutes=minutes)
        if self.world.sweep() and not self.world.oracle.raced:
            self._broken(quiet_laws.after_a_sweep(self.world))

    # --- laws -------------------------------------------------------------------------------------------------------

    @invariant()
    def no_law_is_broken(self) -> None:
        type(self).steps += 1
        self.world.step_is_over()
        self._broken(quiet_laws.after_a_step(self.world))
        broken = self.world.oracle.broken
        assert not broken, "\n".join([*broken, quiet_laws.describe(self.world)])

    def _broken(self, laws: Iterable[str]) -> None:
        self.world.oracle.broken += laws

    def teardown(self) -> None:
        """Faults stop, builds end, and time passes: everything ends."""
        world = self.world
        type(self).seen.update(world.oracle.counts())
        if world.oracle.broken:
            return
        world.faults.coming = []
        for name in TARGETS:
            world.repair(name)
        world.alarms.set(ALARM, AlarmState.OK)
        for _ in range(LAST_MINUTES):
            if not world.store.open_rollouts() or world.oracle.broken:
                break
            self._let_things_end()
        if not world.oracle.broken:
            self._broken(quiet_laws.at_the_end(world))
        self.no_law_is_broken()

    def _let_things_end(self) -> None:
        world = self.world
        builds = world.builds.live
        world.end_stopped_builds()
        for _ in range(len(world.builds.live)):
            world.end_build(0, RunState.SUCCEEDED, FINE, "now", is_reported=False)
        waits = [rollout.wait for rollout in world.rollouts if rollout.wait and not rollout.state.ended]
        ends = [wait.until for wait in waits if wait.until and wait.until > world.clock()]
        is_idle = not builds and ends
        world.pass_time(minutes=5) if not is_idle else world.pass_time(seconds=_seconds(world.clock(), min(ends)))
        if not world.sweep():
            world.oracle.breach(f"sweep: it fails without a fault: {world.last_failure}")
        world.step_is_over()
        self._broken(quiet_laws.after_a_sweep(world))


def _seconds(now: datetime, until: datetime) -> float:
    return (until - now + timedelta(seconds=1)).total_seconds()
