"""Rollouts are followed until they have ended, and past a moment without an answer."""

from collections.abc import Iterator

import pytest

from pointsman.core.model import RolloutState, RunState
from pointsman.errors import Misconfigured, Unavailable
from pointsmanctl.stack.follow import FAILURES_IN_A_ROW, follow
from pointsmanctl.stack.rollouts import LoadedRollout
from tests.support.command_line import loaded_rollout

OPEN = loaded_rollout(RunState.RUNNING)
FAILED = loaded_rollout(RunState.FAILED, state=RolloutState.FAILED)


class Loads:
    """Answers one after the other."""

    def __init__(self, *answers: list[LoadedRollout] | Exception) -> None:
        self._answers: Iterator[list[LoadedRollout] | Exception] = iter(answers)

    def __call__(self) -> list[LoadedRollout]:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_it_looks_until_every_rollout_has_ended() -> None:
    looks: list[list[LoadedRollout]] = []
    waits: list[float] = []
    loads = Loads([OPEN, OPEN], [OPEN, FAILED], [FAILED, FAILED])
    assert follow(loads, looks.append, 3, waits.append) == [FAILED, FAILED]
    assert len(looks) == 3
    assert waits == [3, 3]


def test_a_few_failures_do_not_end_the_watch() -> None:
    failures = [Unavailable("throttled")] * (FAILURES_IN_A_ROW - 1)
    loads = Loads(*failures, [OPEN], *failures, [FAILED])
    assert follow(loads, lambda _: None, 1, lambda _: None) == [FAILED]


@pytest.mark.parametrize("errors", [[Unavailable("down")] * FAILURES_IN_A_ROW, [Misconfigured("denied")]])
def test_what_stays_away_ends_it(errors: list[Exception]) -> None:
    with pytest.raises(type(errors[0])):
        follow(Loads(*errors), lambda _: None, 1, lambda _: None)


def test_nothing_to_follow_ends_at_once() -> None:
    assert follow(Loads([]), lambda _: None, 1, lambda _: None) == []
