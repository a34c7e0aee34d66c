"""The gate after a wave: soak, alarms and approval, each with a bound, and its evaluation in the trail."""

from datetime import timedelta
from typing import Any

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState
from pointsman.core.ports import AlarmState
from pointsman.core.rollout_facts import HaltKind, WaitKind
from pointsman.core.rollout_plan import FreezeWindow
from pointsman.core.rollouts.commands.forms import Approve, HoldRollout, Reject, Resume
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutApproved
from pointsman.core.trail.wave_events import GateEvaluated, GateOutcome, RolloutHalted
from tests.support.commands import HANA, People
from tests.support.plans import ALARM, APPROVAL, KOFI, MALLORY, WavesWorld, gated, people, waved
from tests.support.rollouts import COMMIT, MORNING

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
OTHER = "2" * 40


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def at_gate(world: WavesWorld, **gate: Any) -> RolloutId:
    """A rollout whose first wave has succeeded."""
    rollout = world.push(waved((DEV,), (PROD,), policies={0: gated(**gate)}))
    world.finish_all(rollout, DEV)
    return rollout


def gates(world: WavesWorld, rollout: RolloutId) -> list[tuple[GateOutcome, WaitKind | None]]:
    found = [event for event in world.events(rollout) if isinstance(event, GateEvaluated)]
    assert [event.number for event in found] == list(range(1, len(found) + 1))
    return [(event.outcome, event.waits_for) for event in found]


def approve(world: WavesWorld, rollout: RolloutId, caller: str = KOFI, **about: Any) -> CommandEvent:
    fields: dict[str, Any] = {"rollout": rollout, "wave": 1, "commit": COMMIT} | about
    return People(world, people()).send(Approve, caller=caller, **fields)


def test_a_soak_holds_the_next_wave_until_its_time_has_passed(world: WavesWorld) -> None:
    rollout = at_gate(world, soak_seconds=600)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.SOAK, MORNING + timedelta(minutes=10))
    world.pass_by(minutes=9)
    assert world.started(rollout) == {DEV}
    world.pass_by(minutes=1)
    assert world.started(rollout) == {DEV, PROD}
    assert gates(world, rollout) == [(GateOutcome.WAITING, WaitKind.SOAK), (GateOutcome.PASSED, None)]


def test_an_alarm_during_the_soak_halts_the_rollout(world: WavesWorld) -> None:
    world.alarms.set(ALARM, AlarmState.OK)
    rollout = at_gate(world, soak_seconds=600, alarms=(ALARM,))
    world.alarms.set(ALARM, AlarmState.ALARM, "5 errors")
    world.pass_by(minutes=5)
    stored = world.rollout(rollout)
    assert stored.halt
    assert stored.halt.reason == "after wave 1: alarm errors is in the state ALARM: 5 errors"
    assert (stored.state, world.started(rollout)) == (RolloutState.FAILED, {DEV})
    failed = [event for event in world.events(rollout) if isinstance(event, GateEvaluated)][-1]
    assert (failed.outcome, failed.inputs.alarms) == (GateOutcome.FAILED, {ALARM: "alarm"})


def test_an_alarm_that_cannot_be_read_is_waited_for_an_hour(world: WavesWorld) -> None:
    rollout = at_gate(world, alarms=(ALARM,))
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.ALARMS, MORNING + timedelta(hours=1))
    world.pass_by(minutes=59)
    assert world.rollout(rollout).halt is None
    world.pass_by(minutes=1)
    halt = world.rollout(rollout).halt
    assert halt
    assert (halt.kind, halt.reason) == (HaltKind.EXPIRED, "after wave 1: in vain: alarm errors cannot be read")


def test_the_hour_begins_when_reading_fails(world: WavesWorld) -> None:
    world.alarms.set(ALARM, AlarmState.OK)
    rollout = at_gate(world, alarms=(ALARM,), approval=APPROVAL)
    for _ in range(2):  # each time anew
        world.pass_by(hours=3)
        world.alarms.remove(ALARM)
        world.pass_by(minutes=5)
        wait = world.rollout(rollout).wait
        assert wait
        assert (wait.kind, wait.until) == (WaitKind.ALARMS, world.clock() + timedelta(hours=1))
        world.pass_by(minutes=55)
        world.alarms.set(ALARM, AlarmState.OK)
        world.pass_by(minutes=5)
        assert world.rollout(rollout).halt is None
    assert isinstance(approve(world, rollout), RolloutApproved)
    assert world.started(rollout) == {DEV, PROD}


def test_an_alarm_without_data_does_not_stop_the_rollout(world: WavesWorld) -> None:
    world.alarms.set(ALARM, AlarmState.INSUFFICIENT_DATA)
    rollout = at_gate(world, alarms=(ALARM,))
    assert world.started(rollout) == {DEV, PROD}


def test_alarms_after_the_last_wave_decide_about_the_rollout(world: WavesWorld) -> None:
    world.alarms.set(ALARM, AlarmState.OK)
    rollout = world.push(waved((DEV,), policies={0: gated(soak_seconds=60, alarms=(ALARM,))}))
    world.finish_all(rollout, DEV)
    assert world.rollout(rollout).state is RolloutState.OPEN
    world.pass_by(minutes=1)
    assert world.rollout(rollout).state is RolloutState.SUCCEEDED


def test_an_approval_lets_the_next_wave_start(world: WavesWorld) -> None:
    rollout = at_gate(world, approval=APPROVAL)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.APPROVAL, MORNING + timedelta(hours=24))
    event = approve(world, rollout)
    assert isinstance(event, RolloutApproved)
    assert (event.actor, event.login, event.wave) == (KOFI, "kofi", 1)
    assert world.started(rollout) == {DEV, PROD}
    passed = [event for event in world.events(rollout) if isinstance(event, GateEvaluated)][-1]
    assert (passed.outcome, passed.inputs.approved_by) == (GateOutcome.PASSED, KOFI)


def test_an_approval_during_the_soak_does_not_shorten_it(world: WavesWorld) -> None:
    rollout = at_gate(world, soak_seconds=600, approval=APPROVAL)
    assert isinstance(approve(world, rollout), RolloutApproved)
    assert world.started(rollout) == {DEV}
    world.pass_by(minutes=10)
    assert world.started(rollout) == {DEV, PROD}


def test_an_approval_that_nobody_gives_expires(world: WavesWorld) -> None:
    rollout = at_gate(world, approval=APPROVAL)
    world.pass_by(hours=24)
    stored = world.rollout(rollout)
    assert stored.halt
    assert (stored.halt.kind, stored.state) == (HaltKind.EXPIRED, RolloutState.FAILED)
    assert world.started(rollout) == {DEV}

    People(world, people()).retry(rollout)  # the gate opens anew
    assert world.rollout(rollout).wait
    assert isinstance(approve(world, rollout, command="command-77"), RolloutApproved)
    assert world.started(rollout) == {DEV, PROD}


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"caller": HANA}, "hana pushed, wrote or requested it, and somebody else has to approve it"),
        ({"caller": MALLORY}, "mallory may not approve it, only kofi, hana"),
        ({"caller": f"{KOFI}-2"}, "routes.yaml has no login for"),
        ({"commit": OTHER}, "the rollout is of commit 1f0b1f2, and the approval of 2222222"),
        ({"wave": 2}, "wave 2 is not over yet: wait until the rollout is at its gate"),
        ({"wave": 3}, "the rollout has 2 waves"),
    ],
)
def test_an_approval_that_does_not_count_is_refused(world: WavesWorld, about: dict[str, Any], reason: str) -> None:
    rollout = at_gate(world, approval=APPROVAL)
    event = approve(world, rollout, **about)
    assert isinstance(event, CommandRefused)
    assert event.reason.startswith(reason)
    assert world.started(rollout) == {DEV}


def test_the_commits_author_may_not_approve_it_either(world: WavesWorld) -> None:
    sent = waved((DEV,), (PROD,), policies={0: gated(approval=APPROVAL)})
    rollout = world.push(sent.replace(change=sent.change.replace(actor="somebody", author_login="Kofi")))
    world.finish_all(rollout, DEV)
    event = approve(world, rollout)
    assert isinstance(event, CommandRefused)
    assert event.reason.startswith("kofi pushed, wrote or requested it")


def test_an_approval_is_for_one_wave(world: WavesWorld) -> None:
    gate = gated(approval=APPROVAL)
    rollout = world.push(waved((DEV,), (PROD,), ("prod/us-east-1",), policies={0: gate, 1: gate}))
    assert isinstance(approve(world, rollout), CommandRefused)  # the wave is not over
    world.finish_all(rollout, DEV)
    assert isinstance(approve(world, rollout, command="command-50"), RolloutApproved)
    world.finish_all(rollout, PROD)
    assert world.started(rollout) == {DEV, PROD}
    again = approve(world, rollout, command="command-51")
    assert isinstance(again, CommandRefused)
    assert again.reason == "the gate after wave 1 has been passed"


def test_a_newer_commit_voids_an_approval(world: WavesWorld) -> None:
    rollout = at_gate(world, soak_seconds=600, approval=APPROVAL)
    approve(world, rollout)
    newer = world.push(waved((DEV,), (PROD,), commit=OTHER, at=MORNING + timedelta(minutes=1)))
    assert world.rollout(rollout).state is RolloutState.SUPERSEDED
    world.finish_all(newer, DEV)
    world.pass_by(minutes=10)
    assert world.started(rollout) == {DEV}


def test_a_rejection_halts_the_rollout(world: WavesWorld) -> None:
    rollout = at_gate(world, approval=APPROVAL)
    People(world, people()).send(Reject, caller=KOFI, rollout=rollout, wave=1, reason="not today")
    stored = world.rollout(rollout)
    assert stored.halt
    assert (stored.halt.kind, stored.halt.reason) == (HaltKind.REJECTED, "rejected by kofi: not today")
    assert stored.state is RolloutState.FAILED
    [halted] = [event for event in world.events(rollout) if isinstance(event, RolloutHalted)]
    assert halted.not_started == (PROD,)


def test_the_same_approval_again_takes_effect_once(world: WavesWorld) -> None:
    rollout = at_gate(world, approval=APPROVAL)
    first = approve(world, rollout, command="command-90")
    assert approve(world, rollout, command="command-90") == first
    world.finish_all(rollout, PROD, state=RunState.SUCCEEDED)
    assert [event for event in world.types(rollout) if event == "RolloutApproved"] == ["RolloutApproved"]


def test_the_hour_begins_anew_in_a_freeze_after_the_gate(world: WavesWorld) -> None:
    world.alarms.set(ALARM, AlarmState.OK)
    days = FreezeWindow(cron="0 8 * * *", seconds=12 * 3600, time_zone="UTC")
    world.clock.pass_by(hours=-2)
    policies = {0: gated(soak_seconds=2 * 3600, alarms=(ALARM,))}
    rollout = world.push(waved((DEV,), (PROD,), policies=policies, freezes=(days,), at=world.clock()))
    world.finish_all(rollout, DEV)
    world.pass_by(hours=3)
    for _ in range(2):
        wait = world.rollout(rollout).wait
        assert wait
        assert wait.kind is WaitKind.FREEZE
        world.alarms.remove(ALARM)
        world.pass_by(minutes=5)
        world.pass_by(minutes=55)
        assert world.rollout(rollout).halt is None
        world.alarms.set(ALARM, AlarmState.OK)
        world.pass_by(hours=3)


def test_a_hold_stops_the_time_for_an_approval(world: WavesWorld) -> None:
    rollout = at_gate(world, soak_seconds=3600, approval=APPROVAL)
    world.pass_by(hours=13)  # twelve after the soak
    team = People(world, people())
    team.send(HoldRollout, rollout=rollout, seconds=3 * 24 * 3600)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.APPROVAL, world.clock() + timedelta(days=3))
    world.pass_by(hours=48)
    assert world.rollout(rollout).halt is None

    team.send(Resume, command="command-7", rollout=rollout)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.APPROVAL, world.clock() + timedelta(hours=12))
    world.pass_by(hours=11)
    assert isinstance(approve(world, rollout, command="command-8"), RolloutApproved)
    assert world.started(rollout) == {DEV, PROD}


def test_a_rollout_that_is_held_can_be_approved_and_starts_when_it_is_resumed(world: WavesWorld) -> None:
    rollout = at_gate(world, approval=APPROVAL)
    team = People(world, people())
    team.send(HoldRollout, rollout=rollout, seconds=3 * 24 * 3600)
    world.pass_by(hours=48)
    assert isinstance(approve(world, rollout, command="command-7"), RolloutApproved)
    assert world.started(rollout) == {DEV}
    team.send(Resume, command="command-8", rollout=rollout)
    assert world.started(rollout) == {DEV, PROD}


def test_only_what_a_hold_took_from_the_time_for_an_approval_is_added(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (PROD,), policies={0: gated(soak_seconds=3600, approval=APPROVAL)}))
    team = People(world, people())
    team.send(HoldRollout, rollout=rollout, seconds=3 * 24 * 3600)
    world.pass_by(hours=5)
    world.finish_all(rollout, DEV)  # the gate opens in the hold
    world.pass_by(minutes=30)
    team.send(Resume, rollout=rollout)  # in the soak
    world.pass_by(minutes=30)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.APPROVAL, world.clock() + timedelta(hours=24))


def test_alarms_that_cannot_be_read_do_not_halt_what_is_held(world: WavesWorld) -> None:
    rollout = at_gate(world, alarms=(ALARM,))
    team = People(world, people())
    team.send(HoldRollout, rollout=rollout)
    world.pass_by(hours=2)
    assert world.rollout(rollout).halt is None
    team.send(Resume, rollout=rollout)
    wait = world.rollout(rollout).wait
    assert wait
    assert (wait.kind, wait.until) == (WaitKind.ALARMS, world.clock() + timedelta(hours=1))
