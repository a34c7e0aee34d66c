"""Whatever happens, in whatever order, and wherever a process dies: no law is broken, and everything ends.

`CHAOS_STEPS=200000 HYPOTHESIS_PROFILE=explore pytest` this file to look further, with fresh seeds.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.chaos.machine import Chaos
from tests.support.chaos.processes import run_in_one_thread

STEPS = int(os.environ.get("CHAOS_STEPS", "10000"))
STEPS_OF_AN_EXAMPLE = 50
# What must happen in 10,000 steps, so that they prove something.
HAPPENS = (
    *("wave 1", "wave 2", "wave 3", "gate passed", "gate waiting", "gate failed"),
    *("halt failed", "halt superseded", "halt expired"),
    *("end succeeded", "end failed", "end superseded", "end cancelled", "end rolled_back"),
    *("wait freeze", "wait route", "request person", "request rollback"),
    *("RolloutApproved", "RolloutRetried", "RolloutHeld", "RunDelayed", "CommandRefused"),
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    run_in_one_thread(monkeypatch)


@pytest.mark.hypothesis
def test_no_law_is_broken_and_everything_ends() -> None:
    Chaos.steps, Chaos.seen = 0, Counter()
    run_state_machine_as_test(
        Chaos,
        settings=settings(
            max_examples=STEPS * 13 // 10 // STEPS_OF_AN_EXAMPLE,  # some are shorter
            stateful_step_count=STEPS_OF_AN_EXAMPLE,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Chaos.steps >= STEPS
    assert [what for what in HAPPENS if not Chaos.seen[what]] == []
