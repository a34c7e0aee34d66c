"""What Slack shows of the waves is what the engine has stored, after each step of real rollouts."""

from typing import Any

import pytest

from pointsman.core.model import RolloutId, RolloutState, RunState
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollout_plan import OnFailure
from pointsman.core.rollouts.commands.forms import Approve, Cancel, HoldRollout, Reject, Resume, Retry
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_view import RolloutView
from tests.support.commands import People
from tests.support.fold_rollout import fold
from tests.support.plans import APPROVAL, KOFI, WavesWorld, gated, people, waved
from tests.support.rollouts import COMMIT
from tests.support.slack_rules import violations

DEV, PROD, LAST = "dev/eu-west-1", "prod/eu-west-1", "prod/us-east-1"


@pytest.fixture
def world() -> WavesWorld:
    return WavesWorld()


def push(world: WavesWorld, commit: str = COMMIT, **about: Any) -> RolloutId:
    """A rollout of three waves, with an approval after the first."""
    policies = {0: gated(approval=APPROVAL)}
    return world.push(waved((DEV,), (PROD,), (LAST,), policies=policies, commit=commit, at=world.clock(), **about))


def shown(world: WavesWorld, rollout: RolloutId) -> RolloutView:
    """The view, which agrees with the store."""
    view, stored = fold(world.events(rollout)), world.rollout(rollout)
    assert view
    assert violations(render(view)) == []
    assert (view.state, view.waves.number) == (stored.state, stored.waves_started)
    assert (view.waves.wait and view.waves.wait.kind) == (stored.wait and stored.wait.kind)
    assert bool(view.waves.halt) == bool(stored.halt)
    return view


def send(world: WavesWorld, kind: Any, rollout: RolloutId, **fields: Any) -> None:
    world.clock.pass_by(minutes=1)
    People(world, people()).send(kind, f"{kind.__name__}-command", caller=KOFI, rollout=rollout, **fields)
    world.clock.pass_by(minutes=1)


def finish(world: WavesWorld, rollout: RolloutId, name: str, state: RunState = RunState.SUCCEEDED) -> None:
    world.clock.pass_by(minutes=1)
    world.finish_all(rollout, name, state=state)


def test_from_the_first_wave_over_an_approval_to_success(world: WavesWorld) -> None:
    rollout = push(world)
    assert dict(shown(world, rollout).by_state) == {RunState.RUNNING: 1, RunState.WAITING: 2}
    finish(world, rollout, DEV)
    wait = shown(world, rollout).waves.wait
    assert wait
    assert (wait.kind, wait.wave) == (WaitKind.APPROVAL, 1)
    send(world, Approve, rollout, wave=1, commit=COMMIT)
    approved = shown(world, rollout)
    assert (approved.waves.number, approved.waves.total) == (2, 3)
    assert approved.command == "approved after wave 1 by kofi"
    for name in (PROD, LAST):
        finish(world, rollout, name)
    assert shown(world, rollout).state is RolloutState.SUCCEEDED


@pytest.mark.parametrize(("kind", "state"), [(Reject, RolloutState.FAILED), (Cancel, RolloutState.CANCELLED)])
def test_a_decision_at_a_gate_ends_it(world: WavesWorld, kind: Any, state: RolloutState) -> None:
    rollout = push(world)
    finish(world, rollout, DEV)
    send(world, kind, rollout, **({"wave": 1} if kind is Reject else {}))
    ended = shown(world, rollout)
    assert ended.state is state
    assert dict(ended.by_state) == {RunState.SUCCEEDED: 1, RunState.SKIPPED: 2}


def test_a_failed_wave_that_is_retried_goes_on(world: WavesWorld) -> None:
    rollout = push(world)
    finish(world, rollout, DEV, RunState.FAILED)
    assert dict(shown(world, rollout).by_state) == {RunState.FAILED: 1, RunState.SKIPPED: 2}
    send(world, Retry, rollout)
    assert dict(shown(world, rollout).by_state) == {RunState.RUNNING: 1, RunState.WAITING: 2}
    finish(world, rollout, DEV)
    assert shown(world, rollout).waves.wait


def test_a_rejected_rollout_that_is_retried_waits_again(world: WavesWorld) -> None:
    rollout = push(world)
    finish(world, rollout, DEV)
    send(world, Reject, rollout, wave=1)
    send(world, Retry, rollout)
    wait = shown(world, rollout).waves.wait
    assert wait
    assert (wait.kind, wait.round) == (WaitKind.APPROVAL, 2)


def test_a_hold_before_the_next_wave(world: WavesWorld) -> None:
    rollout = world.push(waved((DEV,), (PROD,)))
    send(world, HoldRollout, rollout)
    finish(world, rollout, DEV)
    wait = shown(world, rollout).waves.wait
    assert wait
    assert wait.kind is WaitKind.HOLD
    send(world, Resume, rollout)
    assert shown(world, rollout).waves.number == 2


def test_a_hold_that_is_resumed_leaves_the_gate_as_it_was(world: WavesWorld) -> None:
    rollout = push(world)
    finish(world, rollout, DEV)
    send(world, HoldRollout, rollout)
    shown(world, rollout)
    send(world, Resume, rollout)
    assert shown(world, rollout).waves.wait


def test_a_rollout_that_rolls_itself_back_says_to_where(world: WavesWorld) -> None:
    good, bad = "3" * 40, "4" * 40
    before = world.push(waved((DEV,), (PROD,), commit=good, at=world.clock()))
    for name in (DEV, PROD):
        finish(world, before, name)
    rollout = world.push(waved((DEV,), (PROD,), commit=bad, at=world.clock(), on_failure=OnFailure.ROLLBACK))
    finish(world, rollout, DEV, RunState.FAILED)
    view = shown(world, rollout)
    assert view.state is RolloutState.ROLLED_BACK
    assert [(each.target, each.commit) for each in view.waves.rolled_back] == [(DEV, good[:7])]
