"""Waves in Slack: where a rollout is, what it waits for, who decided what, and how it ended early."""

from itertools import permutations
from typing import Any

import pytest

from pointsman.core.model import RolloutState, RunState
from pointsman.core.slack.message import render
from pointsman.core.slack.rollout_view import RolloutView
from pointsman.core.trail.events import TrailEvent
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    ended_rollout,
    ended_run,
    retried,
    started_rollout,
    started_run,
)
from tests.support.fold_rollout import fold
from tests.support.rollouts import COMMIT
from tests.support.slack_rules import violations
from tests.support.wave_events import (
    approved,
    gate,
    halted,
    held,
    rejected,
    resumed,
    rolled_back,
    rollout_waited,
    wave_started,
)

FIRST = (wave_started(1, DEV), started_run(DEV), ended_run(DEV, at=30))


def view(*events: TrailEvent, **about: Any) -> RolloutView:
    found = fold([started_rollout(DEV, PROD, **about), *events])
    assert found
    return found


def text(*events: TrailEvent, **about: Any) -> str:
    message = render(view(*events, **about))
    assert violations(message) == []
    lines = [each["text"] for block in message.blocks for each in block.get("elements", [block.get("text")])]
    return "\n".join(lines)


def test_a_rollout_without_waves_says_nothing_of_them() -> None:
    assert "Wave" not in text(started_run(DEV))


def test_the_newest_wave_and_how_many_there_are() -> None:
    assert "🌊 Wave 1 of 3: running" in text(*FIRST)
    assert "🌊 Wave 2 of 3: running" in text(*FIRST, gate(1, None), wave_started(2, PROD, at=41))


def test_targets_of_later_waves_wait_for_their_wave() -> None:
    states = {target.name: target.state for target in view(wave_started(1, DEV)).targets}
    assert states == {DEV: RunState.STARTING, PROD: RunState.WAITING}
    assert dict(view(wave_started(1, DEV)).by_state) == {RunState.STARTING: 1, RunState.WAITING: 1}
    assert dict(view(*FIRST, wave_started(2, PROD)).by_state) == {RunState.SUCCEEDED: 1, RunState.STARTING: 1}


def test_a_gate_says_who_may_approve_until_when_and_the_command() -> None:
    shown = text(*FIRST, gate(1))
    assert "🌊 Wave 1 of 3: waiting" in shown
    assert "⏳ `waits for an approval by hana, omar` until <!date^1795424400^" in shown
    assert "|2026-11-23 09:00 UTC>" in shown
    assert f"`pointsman rollout approve {ROLLOUT} --wave 1`" in shown
    assert f"`pointsman rollout reject {ROLLOUT} --wave 1`" in shown


def test_the_newest_evaluation_of_a_gate_counts() -> None:
    soak, approval = gate(1, "soak", reason="the wave soaks"), gate(1, at=41, number=2)
    happened: list[TrailEvent] = [*FIRST, soak, approval]
    for events in permutations(happened):
        assert view(*events).waves == view(*FIRST, approval).waves


@pytest.mark.parametrize(
    ("kind", "command"),
    [("hold", f"resume {ROLLOUT}`"), ("freeze", f"resume {ROLLOUT} --override-freeze"), ("route", None)],
)
def test_a_rollout_that_waits_says_how_to_end_it(kind: str, command: str | None) -> None:
    shown = text(rollout_waited(kind, reason="because"))
    assert "⏳ `because` until" in shown
    assert (f"`pointsman rollout {command}" in shown) if command else ("pointsman rollout" not in shown)


@pytest.mark.parametrize("kind", ["route", "freeze", "hold"])
@pytest.mark.parametrize("end", [started_run(PROD, 50), wave_started(2, PROD, at=50), halted(at=50)])
def test_what_starts_or_halts_ends_a_wait(kind: str, end: TrailEvent) -> None:
    wait = rollout_waited(kind, 40)
    assert view(*FIRST, wait).waves.wait
    assert view(*FIRST, wait, end).waves.wait is None
    assert view(end, wait, *FIRST).waves.wait is None


def test_the_end_of_a_rollout_ends_its_wait() -> None:
    ended = view(*FIRST, gate(1), ended_rollout("cancelled"))
    assert ended.waves.wait is None
    assert ended.state is RolloutState.CANCELLED


def test_resume_ends_a_hold_and_not_a_gates_wait() -> None:
    assert view(*FIRST, rollout_waited("hold", 40), resumed(41)).waves.wait is None
    assert view(*FIRST, rollout_waited("freeze", 40), resumed(41)).waves.wait
    assert view(*FIRST, rollout_waited("freeze", 40), resumed(41, overrides_freeze=True)).waves.wait is None
    assert view(*FIRST, gate(1), held(41), resumed(42)).waves.wait


def test_a_later_run_does_not_end_the_wait_for_results() -> None:
    assert view(*FIRST, rollout_waited("results", 40), started_run(PROD, 50)).waves.wait


def test_who_decided_and_why() -> None:
    assert "👤 `approved after wave 1 by omar: looks well`" in text(*FIRST, approved(45))
    assert "👤 `rejected after wave 1 by omar: errors in the log`" in text(*FIRST, rejected(45))
    assert "👤 `held until 2026-11-24 08:00 UTC by Ops/hana: an incident`" in text(held(45))
    assert "👤 `resumed by Ops/hana`" in text(held(45), resumed(46))
    assert "👤 `resumed in a freeze by Ops/hana`" in text(held(45), resumed(46, overrides_freeze=True))
    assert "👤 `rolled back by Ops/hana: it breaks logins`" in text(rolled_back(45, DEV))


def test_reasons_are_text() -> None:
    assert "`approved after wave 1 by omar: &lt;!channel&gt; ˋxˋ`" in text(approved(45, reason="<!channel> `x`"))


def test_a_halt_has_its_reason_and_what_was_not_started() -> None:
    open_still = text(*FIRST, halted(not_started=(PROD,)))
    assert "🌊 Wave 1 of 3: halted" in open_still
    assert "🛑 halted: `wave 1 failed: &lt;!channel&gt; ˋdevˋ failed` · 1 target not started" in open_still


def test_a_halted_rollout_has_ended_although_targets_never_started() -> None:
    ended = view(*FIRST, halted(not_started=(PROD,)), ended_rollout("failed"))
    assert ended.state is RolloutState.FAILED
    assert dict(ended.by_state) == {RunState.SUCCEEDED: 1, RunState.SKIPPED: 1}
    assert [target.state for target in ended.targets] == [RunState.SUCCEEDED, RunState.SKIPPED]
    assert "not started" in text(*FIRST, halted(), ended_rollout("failed"))


def test_a_rollout_that_was_cancelled_before_its_first_wave_has_ended() -> None:
    assert view(rollout_waited("route"), ended_rollout("cancelled")).state is RolloutState.CANCELLED


def test_a_halted_rollout_that_is_retried_goes_on_also_if_no_run_is_repeated() -> None:
    again = view(*FIRST, halted("expired"), ended_rollout("failed"), retried(80))
    assert again.state is RolloutState.OPEN
    assert again.waves.halt is None
    assert again.by_state[RunState.WAITING] == 1
    assert view(*FIRST, halted("expired"), retried(80), gate(1, at=81, number=2, round=2)).waves.wait


def test_a_rollback_names_the_first_targets_and_their_commits() -> None:
    names = [f"dev/eu-west-{number}" for number in range(9)]
    shown = text(rolled_back(45, *names), ended_rollout("rolled_back"))
    assert f"↩️ back to `{COMMIT[:7]}` on `{names[0]}`, " in shown
    assert "and 4 more targets" in shown
    assert "rolled back" in shown
