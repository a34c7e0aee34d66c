"""The state machine of test_chaos.py finds bugs that are planted: each breaks a law that it watches."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from pointsman.adapters import rollouts_memory
from pointsman.core.ports import Transition
from pointsman.core.rollout_facts import GateApproval
from pointsman.core.rollouts import build_steps, gates, queue_steps, rollout_steps
from pointsman.core.rollouts.commands import authors, decisions
from pointsman.core.rollouts.engine import Engine
from pointsman.core.rollouts.gates import Evaluation
from pointsman.core.route_state import Contributors
from pointsman.core.trail.wave_events import GateOutcome
from tests.support.chaos.faults import ChaosRollouts
from tests.support.chaos.machine import Chaos
from tests.support.chaos.processes import run_in_one_thread


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    run_in_one_thread(monkeypatch)


def breach() -> str:
    """What the machine finds. It need not be shrunk."""
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(
            Chaos,
            settings=settings(
                max_examples=800,
                stateful_step_count=40,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return str(found.value).partition("\n")[0]


def test_a_store_without_fencing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a write had no condition on the version: the last writer wins."""
    monkeypatch.setattr(rollouts_memory, "_same_version", lambda *_: None)
    assert breach().startswith(("double", "twice", "backwards", "queue", "trail", "events", "lost", "freed", "stuck"))


def test_an_event_that_is_recorded_before_its_transition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def emit_and_write(self: ChaosRollouts, transition: Transition) -> None:
        for event in transition.events:
            self.trail.record(event)
        self.faults.effect("commit", lambda: self._commit(transition.replace(events=())))

    monkeypatch.setattr(ChaosRollouts, "commit", emit_and_write)
    assert breach().startswith(("trail", "events"))


def test_a_sweep_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "sweep", lambda _: None)
    assert breach().startswith("stuck")


def test_a_gate_that_lets_everything_pass_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def passed(_situation: Any, _gate: Any, _opened: Any, inputs: Any) -> Evaluation:
        return Evaluation(GateOutcome.PASSED, "whatever", inputs)

    monkeypatch.setattr(rollout_steps, "evaluate", passed)
    assert breach().startswith("gate: ")


def test_a_freeze_that_is_ignored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (queue_steps, build_steps):
        monkeypatch.setattr(module, "wait_before", lambda *_: None)
    assert breach().startswith(("frozen: ", "held: "))


def test_an_approval_that_is_not_bound_to_its_rollout_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were remembered by route: the next commit passes with the approval of the one before."""
    approvals: list[GateApproval] = []
    evaluate, begin = gates.evaluate, Chaos.__init__

    def begin_without_approvals(self: Chaos) -> None:
        approvals.clear()
        begin(self)

    monkeypatch.setattr(Chaos, "__init__", begin_without_approvals)

    def approved_before(situation: Any, gate: Any, opened: Any, inputs: Any) -> Evaluation:
        if opened.approval:
            approvals.append(opened.approval)
        return evaluate(situation, gate, opened.replace(approval=approvals[-1] if approvals else None), inputs)

    monkeypatch.setattr(rollout_steps, "evaluate", approved_before)
    assert "without an approval" in breach()


def test_an_approval_by_its_author_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "_reason_against_person", lambda *_: None)
    assert breach().startswith("approval: ")


def test_an_approval_by_the_author_of_what_comes_along_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authors, "brought_by", lambda *_: Contributors())
    assert "came along" in breach()
