"""Waves and gates on the real templates: a canary that fails halts the rest, and another person lets it go on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localcloud.github.webhook import WebhookDelivery
from pointsman.core.model import RolloutId, RolloutState, RunState, TargetName
from pointsman.core.rollout_facts import WaitKind
from pointsman.core.rollouts.commands.forms import Approve, HoldRollout, Resume, Retry
from pointsman.core.trail.command_events import CommandRefused, RolloutApproved, RolloutRetried
from pointsman.core.trail.events import RunEnded, RunStarted
from pointsman.core.trail.wave_events import GateEvaluated, GateOutcome, RolloutHalted, WaveStarted
from pointsmanctl.demo.observer import Observer, rollout_of
from pointsmanctl.errors import CommandError
from tests.support.fleet import Fleet, Person
from tests.support.roles import Roles

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

DEV, CANARY = TargetName("dev/eu-west-1"), TargetName("prod/eu-west-1")
REST = (TargetName("prod/us-east-1"), TargetName("prod/eu-central-1"))
ALARM = "arn:aws:cloudwatch:eu-west-1:333333333333:alarm:shop-errors"
ONE_BY_ONE = ["one begins", "one ends", "two begins", "two ends"]


@pytest.fixture(scope="module")
def fleet(world: Observer, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(world, "acme/fleet", tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def people(world: Observer) -> dict[str, Person]:
    """Hana, who pushes; Kofi, who may approve; Mallory, whom `people` does not name. IAM allows all of them."""
    roles = Roles(world)
    return {name: Person(world, roles, name) for name in ("hana", "kofi", "mallory")}


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is missing on the canary."""
    return tmp_path_factory.mktemp("canary") / "needed"


@pytest.fixture(scope="module")
def halted(fleet: Fleet, needed: Path) -> WebhookDelivery:
    """A push whose canary failed."""
    delivery = fleet.push("first", f"cat {needed}", (CANARY,))
    fleet.end(rollout_of(delivery))
    return delivery


def test_a_canary_that_fails_halts_the_rest(fleet: Fleet, halted: WebhookDelivery) -> None:
    rollout, runs = fleet.load(rollout_of(halted))
    assert (rollout.state, rollout.halt and rollout.halt.reason) == (
        RolloutState.FAILED,
        "wave 2 failed: prod/eu-west-1 failed",
    )
    assert {name: run.state for name, run in runs.items()} == {DEV: RunState.SUCCEEDED, CANARY: RunState.FAILED}
    assert not any(fleet.lines("first", target) for target in REST)


def test_the_trail_has_the_waves_the_gate_and_the_halt(world: Observer, fleet: Fleet, halted: WebhookDelivery) -> None:
    events = world.events(rollout_of(halted))
    waves = [(event.wave, event.waves, event.targets) for event in events if isinstance(event, WaveStarted)]
    assert waves == [(1, 3, (DEV,)), (2, 3, (CANARY,))]
    [passed] = [event for event in events if isinstance(event, GateEvaluated)]
    assert (passed.wave, passed.outcome, passed.inputs.targets) == (1, GateOutcome.PASSED, 1)
    [halt] = [event for event in events if isinstance(event, RolloutHalted)]
    assert set(halt.not_started) == set(REST)
    assert halt.reason == "wave 2 failed: prod/eu-west-1 failed"


@pytest.fixture(scope="module")
def at_the_gate(fleet: Fleet, people: dict[str, Person], needed: Path, halted: WebhookDelivery) -> RolloutId:
    """The rollout after the cause was removed on the canary, and the retry that followed."""
    needed.touch()
    event = people["hana"].send(Retry, rollout=rollout_of(halted))
    assert isinstance(event, RolloutRetried)
    assert event.retried == (CANARY,)
    rollout = fleet.waiting(halted, WaitKind.APPROVAL)
    assert rollout.wait
    assert rollout.wait.until
    assert timedelta() < rollout.wait.until - datetime.now(UTC) <= timedelta(hours=24)
    return rollout.id


def approval(fleet: Fleet, rollout: RolloutId, wave: int = 2) -> dict[str, object]:
    return {"rollout": rollout, "wave": wave, "commit": fleet.load(rollout)[0].change.after}


def test_the_canary_takes_one_host_after_the_other_and_dev_all_at_once(fleet: Fleet, at_the_gate: RolloutId) -> None:
    assert fleet.lines("first", CANARY)[-4:] == ONE_BY_ONE
    assert [line.split()[1] for line in fleet.lines("first", DEV)] == ["begins", "begins", "ends", "ends"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("hana", "hana pushed, wrote or requested it"), ("mallory", "routes.yaml has no login for")],
)
def test_whom_the_gate_does_not_accept_is_refused_with_the_reason(
    world: Observer, fleet: Fleet, people: dict[str, Person], at_the_gate: RolloutId, name: str, reason: str
) -> None:
    with pytest.raises(CommandError, match=f"refused: {reason}"):
        people[name].send(Approve, **approval(fleet, at_the_gate))
    refusals = [event for event in world.events(at_the_gate) if isinstance(event, CommandRefused)]
    assert people[name].arn in [event.actor for event in refusals]
    assert not any(fleet.lines("first", target) for target in REST)


def test_an_approval_of_another_commit_is_refused(
    fleet: Fleet, people: dict[str, Person], at_the_gate: RolloutId
) -> None:
    with pytest.raises(CommandError, match="and the approval of 0000000"):
        people["kofi"].send(Approve, **approval(fleet, at_the_gate) | {"commit": "0" * 40})


def test_nothing_starts_in_an_approved_rollout_that_is_held(
    fleet: Fleet, people: dict[str, Person], at_the_gate: RolloutId
) -> None:
    people["hana"].send(HoldRollout, rollout=at_the_gate, reason="wait for the night")
    event = people["kofi"].send(Approve, **approval(fleet, at_the_gate))
    assert isinstance(event, RolloutApproved)
    assert (event.actor, event.login) == (people["kofi"].arn, "kofi")
    fleet.sweep()
    rollout, runs = fleet.load(at_the_gate)
    assert rollout.wait
    assert rollout.wait.kind is WaitKind.HOLD
    assert not set(REST) & set(runs)


def test_another_person_lets_the_rest_go_on(
    world: Observer, fleet: Fleet, people: dict[str, Person], at_the_gate: RolloutId
) -> None:
    people["hana"].send(Resume, rollout=at_the_gate)
    rollout, runs = fleet.end(at_the_gate)
    assert rollout.state is RolloutState.SUCCEEDED
    assert {runs[target].state for target in REST} == {RunState.SUCCEEDED}
    [passed] = [
        event for event in world.events(at_the_gate) if isinstance(event, GateEvaluated) and event.inputs.approved_by
    ]
    assert (passed.outcome, passed.inputs.approved_by) == (GateOutcome.PASSED, people["kofi"].arn)


def test_of_a_wave_that_runs_one_at_a_time_the_second_begins_when_the_first_has_ended(
    world: Observer, at_the_gate: RolloutId
) -> None:
    """Nobody swept: the end of the first build started the second."""
    events = [event for event in world.events(at_the_gate) if isinstance(event, RunStarted | RunEnded)]
    of_wave = sorted((event for event in events if event.target in REST), key=lambda event: event.at)
    assert [event.type for event in of_wave] == ["RunStarted", "RunEnded"] * 2
    assert [event.target for event in of_wave[::2]] == list(REST)


def test_a_host_that_may_fail_does_not_halt_the_rollout(
    world: Observer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fleet = Fleet(world, "acme/tolerant", tmp_path_factory.mktemp("tolerant"))
    canary, rest = TargetName("dev/eu-central-1"), TargetName("prod/eu-central-1")
    delivery = fleet.push("first", "test {{ inventory_hostname }} = one", (canary,))
    rollout, runs = fleet.end(rollout_of(delivery), sweeps=True)
    assert (runs[canary].state, runs[rest].state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert rollout.halt is None
    passed = world.first(rollout.id, GateEvaluated).inputs
    assert (passed.targets_failed, passed.hosts_failed) == (1, 1)
    assert "two ends" not in fleet.lines("first", canary)


def test_an_alarm_while_the_wave_soaks_halts_the_rollout(
    world: Observer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cloudwatch = world.cloud.client("cloudwatch", "prod", "eu-west-1")
    cloudwatch.put_metric_alarm(
        AlarmName="shop-errors",
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="shop-errors", StateValue="OK", StateReason="no errors")
    fleet = Fleet(world, "acme/soaking", tmp_path_factory.mktemp("soaking"))
    rollout = fleet.waiting(fleet.push("first"), WaitKind.SOAK)
    assert rollout.waves_started == 1

    cloudwatch.set_alarm_state(AlarmName="shop-errors", StateValue="ALARM", StateReason="7 errors")
    ended, runs = fleet.end(rollout.id, sweeps=True)

    assert ended.state is RolloutState.FAILED
    assert list(runs) == [DEV]
    halt = world.first(rollout.id, RolloutHalted)
    assert halt.reason == "after wave 1: alarm shop-errors is in the state ALARM: 7 errors"
    outcomes = [event for event in world.events(rollout.id) if isinstance(event, GateEvaluated)]
    assert [(each.outcome, each.inputs.alarms[ALARM]) for each in outcomes] == [
        (GateOutcome.WAITING, "ok"),
        (GateOutcome.FAILED, "alarm"),
    ]
