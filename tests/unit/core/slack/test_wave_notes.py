"""Notes in the thread: that a rollout waits for an approval, once per gate, and that it halted, once per round."""

import pytest

from pointsman.core.slack.message import SlackMessage
from pointsman.core.trail.events import TrailEvent
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    ended_rollout,
    ended_run,
    host,
    retried,
    started_rollout,
    started_run,
    task,
)
from tests.support.slack_rules import mentions, violations
from tests.support.slack_world import SlackWorld
from tests.support.wave_events import approved, gate, halted, rolled_back, rollout_waited, wave_started


@pytest.fixture
def world() -> SlackWorld:
    world = SlackWorld()
    world.record(started_rollout(DEV, PROD), wave_started(1, DEV), started_run(DEV))
    return world


def happen(world: SlackWorld, *events: TrailEvent) -> None:
    """Record events, and show the rollout after each one and once more."""
    for event in events:
        world.record(event)
        world.sync()
    world.sync()


def text_of(message: SlackMessage) -> str:
    assert violations(message) == []
    return "\n".join(block["text"]["text"] for block in message.blocks)


def test_a_gate_that_waits_for_an_approval_has_one_note(world: SlackWorld) -> None:
    happen(world, ended_run(DEV, at=30), gate(1, "soak"), gate(1, at=41, number=2))
    assert world.notes == [f"{ROLLOUT} approval#1#1"]
    thread, message = world.note(f"{ROLLOUT} approval#1#1")
    assert thread in world.slack.messages
    text = text_of(message)
    assert "⏳ `site` waits for an approval after wave 1" in text
    assert "`waits for an approval by hana, omar` until <!date^" in text
    assert f"`pointsman rollout approve {ROLLOUT} --wave 1`" in text
    assert message.text == "⏳ site: waits for an approval after wave 1 · 1f0b1f2 by hana"


def test_each_gate_has_its_own_note(world: SlackWorld) -> None:
    second = (wave_started(2, PROD, at=51), gate(2, at=60))
    happen(world, gate(1), approved(50), gate(1, None, 51, number=2), *second)
    assert world.notes == [f"{ROLLOUT} approval#1#1", f"{ROLLOUT} approval#1#2"]


@pytest.mark.parametrize("kind", ["soak", "alarms"])
def test_no_other_gate_has_a_note(world: SlackWorld, kind: str) -> None:
    happen(world, gate(1, kind), rollout_waited("freeze", 50), rollout_waited("hold", 55))
    assert world.notes == []


def test_an_approval_that_was_given_before_slack_was_told_has_no_note(world: SlackWorld) -> None:
    world.record(gate(1), approved(50), wave_started(2, PROD, at=51))
    happen(world)
    assert world.notes == []


def test_a_halt_is_noted_at_once_and_its_end_edits_the_note(world: SlackWorld) -> None:
    happen(world, ended_run(DEV, "failed", 30, reason="exit status 2"), halted(not_started=(PROD,)))
    assert world.notes == [f"{ROLLOUT} failed#1"]
    message = world.note(f"{ROLLOUT} failed#1")[1]
    assert "🛑 `site` halted" in text_of(message)
    assert "1 target not started" in text_of(message)
    assert mentions(message) == ["U012AB"]
    failed = host(DEV, status="failed", tasks=[task(name="Check health", status="failed")])
    happen(world, failed, ended_rollout("failed"))
    assert world.notes == [f"{ROLLOUT} failed#1"]
    text = text_of(world.note(f"{ROLLOUT} failed#1")[1])
    assert "❌ `site` failed" in text
    assert "`Check health`" in text
    assert "🛑 halted: " in text


@pytest.mark.parametrize("kind", ["rejected", "expired"])
def test_a_halt_without_a_failed_target_is_noted_once(world: SlackWorld, kind: str) -> None:
    happen(world, ended_run(DEV, at=30), gate(1), halted(kind), ended_rollout("failed"))
    assert world.notes == [f"{ROLLOUT} approval#1#1", f"{ROLLOUT} failed#1"]


def test_a_newer_commit_that_supersedes_it_is_no_news(world: SlackWorld) -> None:
    happen(world, halted("superseded"), ended_run(DEV, at=60), ended_rollout("superseded"))
    assert world.notes == []


def test_a_retried_rollout_that_halts_again_has_another_note(world: SlackWorld) -> None:
    happen(world, ended_run(DEV, "failed", 30), halted(), ended_rollout("failed"), retried(80, DEV))
    happen(world, ended_run(DEV, "failed", 90, attempt=2), halted(at=91, number=2))
    assert world.notes == [f"{ROLLOUT} failed#1", f"{ROLLOUT} failed#2"]


def test_a_rollout_that_rolls_itself_back_has_one_note(world: SlackWorld) -> None:
    happen(world, ended_run(DEV, "failed", 30), halted(), rolled_back(55, DEV), ended_rollout("rolled_back"))
    assert world.notes == [f"{ROLLOUT} failed#1"]
    assert "↩️ `site` was rolled back" in text_of(world.note(f"{ROLLOUT} failed#1")[1])


def test_a_failure_without_waves_that_is_rolled_back_is_noted() -> None:
    world = SlackWorld()
    happen(world, started_rollout(DEV), ended_run(DEV, "failed"), rolled_back(65, DEV), ended_rollout("rolled_back"))
    assert world.notes == [f"{ROLLOUT} failed#1"]


def test_a_rollback_by_a_person_after_the_end_is_not_another_failure() -> None:
    world = SlackWorld()
    happen(world, started_rollout(DEV), ended_run(DEV, "failed"), ended_rollout("failed"), rolled_back(80, DEV))
    happen(world, ended_rollout("rolled_back", 85, 2))
    assert world.notes == [f"{ROLLOUT} failed#1"]
