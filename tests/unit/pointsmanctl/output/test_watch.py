"""Watched rollouts without a terminal: one line for each change."""

import re

import pytest

from pointsman.core.model import RolloutState, RunState
from pointsmanctl.output.watch import quiet_view, view
from tests.support.command_line import loaded_rollout

ID = loaded_rollout(RunState.WAITING).rollout.id


def test_each_change_of_a_state_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [
        loaded_rollout(RunState.WAITING, RunState.RUNNING),
        loaded_rollout(RunState.WAITING, RunState.RUNNING),
        loaded_rollout(RunState.TIMED_OUT, RunState.SUCCEEDED, state=RolloutState.FAILED),
    ]
    with view(detailed=True) as look:
        for each in looks:
            look([each])
    lines = capsys.readouterr().out.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert [line[9:] for line in lines] == [
        f"{ID} dev/eu-west-1 waiting",
        f"{ID} prod/eu-west-1 running",
        f"{ID} open",
        f"{ID} dev/eu-west-1 timed out",
        f"{ID} prod/eu-west-1 succeeded",
        f"{ID} failed",
    ]


def test_a_new_attempt_is_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    first = loaded_rollout(RunState.FAILED)
    second = loaded_rollout(RunState.FAILED)
    again = second.runs[0].replace(attempt=2)
    with view(detailed=True) as look:
        look([first])
        look([type(second)(second.rollout, (*second.runs, again))])
    assert capsys.readouterr().out.splitlines()[-1].endswith("dev/eu-west-1 failed (attempt 2)")


def test_programs_see_nothing_before_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with quiet_view() as look:
        look([loaded_rollout(RunState.RUNNING)])
    assert capsys.readouterr().out == ""
