"""Which rollouts are read again, and when."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from pointsman.core.index.entries import entry_of
from pointsman.core.index.query import IndexQuery
from pointsman.core.index.streams import FoundEntry
from pointsman.core.model import RolloutState, RunState
from pointsman.core.route_state import Freezes
from pointsman.core.trail.events import TrailEvent
from pointsmanctl.console.live_rollouts import MOST_KEPT, LiveRollouts
from pointsmanctl.stack.rollouts import LoadedRollout
from tests.support.command_line import loaded_rollout
from tests.support.events import host
from tests.support.rollouts import Clock


class Stack:
    """Rollouts by id, and what was read of them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.rollouts: dict[str, LoadedRollout] = {}
        self.events: list[TrailEvent] = []
        self.read: list[str] = []
        self.questions = 0
        self.live = LiveRollouts(self, self.find, self.clock)

    def add(self, name: str, state: RolloutState = RolloutState.OPEN) -> None:
        loaded = loaded_rollout(RunState.RUNNING, state=state)
        self.rollouts[name] = LoadedRollout(loaded.rollout.replace(id=name), loaded.runs)

    def open_rollouts(self) -> list[str]:
        return [name for name, each in self.rollouts.items() if not each.rollout.state.ended]

    def load(self, rollout: str) -> LoadedRollout | None:
        self.read.append(rollout)
        return self.rollouts.get(rollout)

    def freezes(self) -> Freezes:
        return Freezes()

    def find(self, query: IndexQuery) -> Iterator[FoundEntry]:
        self.questions += 1
        for each in self.events:
            if (query.since or each.at) <= each.at <= (query.until or each.at):
                yield FoundEntry(sort_key=str(each.at), entry=entry_of(each, None))

    def later(self, seconds: float) -> list[str]:
        """Let time pass, look, and return what was read."""
        self.clock.pass_by(seconds=seconds)
        self.read.clear()
        self.live.open()
        return [*self.read]


@pytest.fixture
def stack() -> Stack:
    stack = Stack()
    stack.add("r-1")
    stack.live.open()
    return stack


def news(stack: Stack, rollout: str, at: datetime | None = None) -> None:
    stack.events.append(
        host("dev/eu-west-1", f"web-{len(stack.events)}", rollout=rollout).replace(at=at or stack.clock())
    )


def test_a_rollout_is_read_often_at_first_then_every_fifteen_seconds(stack: Stack) -> None:
    assert [stack.later(3) for _ in range(6)] == [["r-1"], ["r-1"], ["r-1"], [], [], []]
    assert [stack.later(3) for _ in range(6)] == [[], ["r-1"], [], [], [], []]


def test_news_of_the_index_let_the_rollout_be_read_and_again_for_a_while(stack: Stack) -> None:
    stack.later(20)
    assert stack.later(3) == []
    news(stack, "r-1")
    assert [stack.later(3) for _ in range(4)] == [["r-1"], ["r-1"], ["r-1"], ["r-1"]]
    assert stack.live.open()[0].news == 1


def test_news_that_come_late_count_once(stack: Stack) -> None:
    stack.later(20)
    news(stack, "r-1", stack.clock() - timedelta(seconds=40))
    assert stack.later(3) == ["r-1"]
    stack.later(40)
    assert stack.live.open()[0].news == 1


def test_news_of_another_rollout_do_not_count(stack: Stack) -> None:
    stack.later(20)
    news(stack, "r-2")
    assert stack.later(3) == []


def test_what_is_read_within_two_seconds_is_shared(stack: Stack) -> None:
    before = stack.questions
    stack.clock.pass_by(seconds=1)
    stack.live.open()
    assert stack.questions == before


def test_a_rollout_that_ended_is_read_once_more(stack: Stack) -> None:
    stack.later(20)
    stack.add("r-1", RolloutState.SUCCEEDED)
    assert stack.later(3) == ["r-1"]
    assert (stack.live.open(), [each.loaded.rollout.id for each in stack.live.recent()]) == ([], ["r-1"])
    assert stack.later(60) == []


def test_hosts_that_report_after_the_end_are_news(stack: Stack) -> None:
    stack.add("r-2")
    stack.add("r-1", RolloutState.SUCCEEDED)
    stack.later(20)
    before = stack.live.recent()[0].news
    news(stack, "r-1")
    stack.later(3)
    assert stack.live.recent()[0].news == before + 1


def test_a_rollout_that_is_gone_is_forgotten(stack: Stack) -> None:
    stack.rollouts.clear()
    stack.later(20)
    assert stack.live.open() == []
    assert stack.live.get("r-1") is None


def test_a_console_that_runs_for_weeks_keeps_some_of_what_has_ended(stack: Stack) -> None:
    for number in range(3 * MOST_KEPT):
        name = f"r-ended-{number}"
        stack.add(name, RolloutState.SUCCEEDED)
        stack.later(20)
        watched = stack.live.get(name)
        assert watched
        assert watched.loaded.rollout.id == name
    stack.later(20)
    assert len(stack.live) == MOST_KEPT + 1  # the open one stays
    assert stack.live.get("r-ended-0")  # read again
