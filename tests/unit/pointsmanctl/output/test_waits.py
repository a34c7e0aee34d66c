"""What a rollout waits for, until when, and what a person can do."""

from datetime import timedelta

import pytest

from pointsman.core.cancellation import Cancellation, CommandId
from pointsman.core.model import Mode, Rollout, RolloutId, RolloutState, Run, RunState
from pointsman.core.rollout_facts import Backoff, Halt, HaltKind, Hold, OpenGate, Rollback, Wait, WaitKind
from pointsman.core.rollout_plan import Amount, OnFailure, RolloutPlan, Tolerance, Wave
from pointsmanctl.output.waits import next_commands, waits_of
from pointsmanctl.output.wave_views import waves_of
from pointsmanctl.stack.rollouts import LoadedRollout
from tests.support.command_line import loaded_rollout
from tests.support.commands import HANA
from tests.support.rollouts import MORNING

NOON = MORNING + timedelta(hours=4)


def waits(loaded: LoadedRollout) -> list[str]:
    return [str(each) for each in waits_of(loaded.rollout, loaded.newest)]


def with_rollout(loaded: LoadedRollout, **changes: object) -> LoadedRollout:
    return LoadedRollout(loaded.rollout.replace(**changes), loaded.runs)


@pytest.mark.parametrize(
    ("kind", "until", "sentence"),
    [
        (WaitKind.SOAK, NOON, "reason, until 2026-11-23 12:00 UTC"),
        (WaitKind.FREEZE, NOON, "reason, until 2026-11-23 12:00 UTC"),
        (WaitKind.APPROVAL, NOON, "reason, until 2026-11-23 12:00 UTC, then the rollout halts"),
        (WaitKind.ALARMS, NOON, "reason, until 2026-11-23 12:00 UTC, then the rollout halts"),
        (WaitKind.RESULTS, NOON, "reason, until 2026-11-23 12:00 UTC, then the wave has failed"),
        (WaitKind.ROUTE, None, "reason, until that rollout has ended"),
    ],
)
def test_every_wait_has_a_bound(kind: WaitKind, until: object, sentence: str) -> None:
    wait = Wait(kind=kind, reason="reason", until=NOON if until else None)
    assert waits(with_rollout(loaded_rollout(RunState.SUCCEEDED), wait=wait)) == [sentence]


def test_a_hold_is_named_once_and_beside_what_the_gate_waits_for() -> None:
    hold = Hold(command=CommandId("c"), caller=HANA, at=MORNING, until=NOON, reason="look first")
    held = with_rollout(
        loaded_rollout(RunState.SUCCEEDED), hold=hold, wait=Wait(kind=WaitKind.HOLD, reason="held", until=NOON)
    )
    sentence = "held by Ops/hana: look first, until 2026-11-23 12:00 UTC, then the rollout halts"
    assert waits(held) == [sentence]
    both = with_rollout(held, wait=Wait(kind=WaitKind.SOAK, reason="the wave soaks", until=NOON))
    assert waits(both) == [sentence, "the wave soaks, until 2026-11-23 12:00 UTC"]


def test_targets_that_wait_for_the_same_rollout_are_one_wait() -> None:
    loaded = loaded_rollout(RunState.WAITING, RunState.WAITING, RunState.RUNNING)
    runs = tuple(run.replace(blocked_by=RolloutId("r-1")) for run in loaded.runs)
    [wait] = waits_of(loaded.rollout, LoadedRollout(loaded.rollout, runs).newest)
    assert (wait.kind, wait.rollout, wait.targets) == ("target", "r-1", ("dev/eu-west-1", "prod/eu-west-1"))
    assert wait.commands == ("pointsman rollout show r-1",)


def test_a_start_that_is_delayed_is_refused_after_eight_hours() -> None:
    loaded = loaded_rollout(RunState.STARTING)
    delayed = loaded.runs[0].replace(reason="throttled", acquired_at=MORNING)
    assert waits(LoadedRollout(loaded.rollout, (delayed,))) == [
        "dev/eu-west-1: no build yet: throttled, until 2026-11-23 16:00 UTC, then the run is refused"
    ]
    unclear = delayed.replace(start_requested_at=MORNING)
    assert waits(LoadedRollout(loaded.rollout, (unclear,))) == [
        "dev/eu-west-1: no build yet: throttled, until it is certain that there is no build"
    ]


def test_a_region_that_does_not_answer_says_when_it_is_asked_again() -> None:
    loaded = loaded_rollout(RunState.STARTING)
    backoff = Backoff(failures=3, until=MORNING + timedelta(minutes=20))
    silent = loaded.runs[0].replace(reason="no answer", acquired_at=MORNING, backoff=backoff)
    assert waits(LoadedRollout(loaded.rollout, (silent,))) == [
        (
            "dev/eu-west-1: no build yet: no answer, asked again at 2026-11-23 08:20 UTC"
            ", until 2026-11-23 16:00 UTC, then the run is refused"
        )
    ]


@pytest.mark.parametrize(
    ("tolerated", "on_failure", "bound"),
    [
        (0, OnFailure.HALT, "until 2026-11-23 08:15 UTC, then the rollout halts"),
        (0, OnFailure.CONTINUE, "until 2026-11-23 16:00 UTC, then the run is refused"),
        (1, OnFailure.HALT, "until 2026-11-23 16:00 UTC, then the run is refused"),
    ],
)
def test_a_wave_that_tolerates_no_missing_region_halts_earlier(
    tolerated: int, on_failure: OnFailure, bound: str
) -> None:
    tolerate = Tolerance(unavailable_targets=Amount(number=tolerated))
    loaded = in_waves(RunState.STARTING, started=1)
    plan = RolloutPlan(waves=(Wave(tolerate=tolerate), Wave()), on_failure=on_failure)
    loaded = with_rollout(loaded, spec=loaded.rollout.spec.replace(plan=plan))
    delayed = loaded.runs[0].replace(reason="no answer", acquired_at=MORNING)
    assert waits(LoadedRollout(loaded.rollout, (delayed,))) == [f"dev/eu-west-1: no build yet: no answer, {bound}"]


def in_waves(*states: RunState, started: int, max_parallel: int | None = None, **about: object) -> LoadedRollout:
    """A rollout on three targets: two are in the first wave, one is in the second."""
    source = loaded_rollout(RunState.WAITING, RunState.WAITING, RunState.WAITING)
    targets = tuple(
        each.replace(wave=index) for each, index in zip(source.rollout.spec.targets, (0, 0, 1), strict=True)
    )
    plan = RolloutPlan(waves=(Wave(max_parallel=max_parallel), Wave()))
    spec = source.rollout.spec.replace(plan=plan, targets=targets)
    rollout = source.rollout.replace(spec=spec, waves_started=started, **about)
    pairs = zip(source.runs, states, strict=False)
    return LoadedRollout(rollout, tuple(run.replace(state=state) for run, state in pairs))


def test_a_wave_with_a_limit_says_who_waits_for_a_place() -> None:
    assert waits(in_waves(RunState.RUNNING, started=1, max_parallel=1)) == [
        "prod/eu-west-1: wave 1 runs 1 target at a time, until others of the wave have ended"
    ]
    halt = Halt(kind=HaltKind.FAILED, reason="x", at=MORNING)
    assert waits(in_waves(RunState.RUNNING, started=1, max_parallel=1, halt=halt)) == []


@pytest.mark.parametrize(
    ("loaded", "states"),
    [
        (in_waves(started=0), ["not_started", "not_started"]),
        (in_waves(RunState.RUNNING, RunState.SUCCEEDED, started=1), ["running", "not_started"]),
        (in_waves(RunState.SUCCEEDED, started=1, max_parallel=1), ["running", "not_started"]),
        (in_waves(RunState.SUCCEEDED, RunState.FAILED, started=1), ["over", "not_started"]),
        (
            in_waves(RunState.SUCCEEDED, RunState.SUCCEEDED, started=1, gate=OpenGate(opened_at=MORNING)),
            ["at_gate", "not_started"],
        ),
        (in_waves(RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.RUNNING, started=2), ["over", "running"]),
    ],
)
def test_how_far_each_wave_is(loaded: LoadedRollout, states: list[str]) -> None:
    assert [view.state.value for view in waves_of(loaded.rollout, loaded.newest)] == states


def built(*states: RunState) -> tuple[Run, ...]:
    return tuple(run.replace(build_arn=f"arn:{run.target.name}") for run in loaded_rollout(*states).runs)


def after(rollout: Rollout, runs: tuple[Run, ...]) -> list[str]:
    return [
        each.removeprefix("pointsman rollout ") for each in next_commands(rollout, LoadedRollout(rollout, runs).newest)
    ]


def test_what_comes_next_depends_on_how_it_ended() -> None:
    rollout = loaded_rollout(RunState.FAILED, state=RolloutState.FAILED).rollout
    name = rollout.id
    failed, refused = built(RunState.FAILED), loaded_rollout(RunState.REFUSED).runs
    assert after(rollout, failed) == [f"retry {name} --failed-hosts", f"rollback {name}"]
    assert after(rollout, refused) == [f"retry {name}"]  # it has reached no host
    check = rollout.replace(spec=rollout.spec.replace(mode=Mode.CHECK))
    assert after(check, failed) == [f"retry {name} --failed-hosts"]
    assert after(rollout.replace(state=RolloutState.SUCCEEDED), built(RunState.SUCCEEDED)) == []
    rollback = Rollback(id="x", actor=HANA, at=MORNING, reason="bad", parts=())
    assert after(rollout.replace(rollback=rollback), failed) == []


def test_what_halted_while_builds_run_can_be_cancelled() -> None:
    rollout = loaded_rollout(RunState.RUNNING).rollout
    halted = rollout.replace(halt=Halt(kind=HaltKind.FAILED, reason="x", at=MORNING))
    assert after(halted, built(RunState.RUNNING)) == [f"cancel {rollout.id}"]
    cancelled = halted.replace(cancellation=Cancellation(command=CommandId("c"), caller=HANA, at=MORNING))
    assert after(cancelled, built(RunState.RUNNING)) == []
    assert after(rollout, built(RunState.RUNNING)) == []
