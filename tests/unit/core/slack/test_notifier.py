"""One message for each rollout: posted once, kept true to the trail, whatever fails on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.adapters.slack_memory import MemorySlack
from pointsman.adapters.slack_messages_memory import MemorySlackMessages
from pointsman.adapters.trail_memory import MemoryTrail
from pointsman.core.slack.fold_rollout import fold
from pointsman.core.slack.message import Message, render
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.notifier import SlackNotifier
from pointsman.core.slack.port import WaitBudget
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import SlackBusy, SlackRefused, Unavailable
from tests.support.rollouts import Clock
from tests.support.told import DEV, PROD, ROLLOUT, after, ended_run, started_rollout, started_run


@dataclass
class World:
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    postings: MemorySlackMessages = field(default_factory=MemorySlackMessages)
    slack: MemorySlack = field(default_factory=MemorySlack)
    clock: Clock = field(default_factory=Clock)
    slept: list[float] = field(default_factory=list)
    seconds_left: float = 60.0

    def __post_init__(self) -> None:
        self.slack.clock = self.clock
        self.notifier = SlackNotifier(self.trail, self.postings, self.slack, self.clock)
        self.tell(started_rollout(DEV, PROD))

    def tell(self, *events: TrailEvent) -> None:
        for event in events:
            self.trail.record(event)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds_left -= seconds
        self.clock.now = after((self.clock.now - after(0)).total_seconds() + seconds)

    def show(self) -> NotifyResult:
        return self.notifier.show(ROLLOUT, WaitBudget(lambda: self.seconds_left, self.sleep))

    @property
    def message(self) -> Message:
        """What the channel shows: one message and no other."""
        ((_, message),) = self.slack.messages.values()
        return message

    @property
    def truth(self) -> Message:
        view = fold(self.trail.of_partition(f"ROLLOUT#{ROLLOUT}"))
        assert view
        return render(view)


@pytest.fixture
def world() -> World:
    return World()


def test_a_rollout_is_posted_once_and_then_edited(world: World) -> None:
    assert world.show() is NotifyResult.POSTED
    world.tell(started_run(DEV))
    assert world.show() is NotifyResult.UPDATED
    assert world.slack.calls == ["post", "update"]
    assert world.message == world.truth


def test_what_is_shown_already_is_not_sent_again(world: World) -> None:
    world.show()
    assert world.show() is NotifyResult.UNCHANGED
    assert world.slack.calls == ["post"]


def test_a_partition_without_a_start_shows_nothing(world: World) -> None:
    assert world.notifier.show("r-unknown", WaitBudget(lambda: 60.0, world.sleep)) is NotifyResult.NOTHING
    assert world.slack.calls == []


def test_a_post_whose_answer_was_lost_is_found_again_and_not_repeated(world: World) -> None:
    world.slack.lost_answers = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.show()
    assert world.show() is NotifyResult.UPDATED
    assert world.slack.calls == ["post", "find", "update"]
    assert world.message == world.truth


def test_a_post_that_never_reached_slack_is_made_after_a_look(world: World) -> None:
    world.slack.faults = [Unavailable("no route")]
    with pytest.raises(Unavailable):
        world.show()
    assert world.show() is NotifyResult.POSTED
    assert world.slack.calls == ["post", "find", "post"]
    assert len(world.slack.messages) == 1


def test_a_lost_post_is_given_time_to_arrive_before_it_is_looked_for(world: World) -> None:
    world.slack.lost_answers = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.show()
    world.clock.now = after(5)
    world.show()
    assert world.slept == [10.0]


def test_without_time_to_wait_for_a_lost_post_the_stream_is_asked_to_come_again(world: World) -> None:
    world.slack.lost_answers = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.show()
    world.seconds_left = 8
    with pytest.raises(Unavailable, match="may be on its way"):
        world.show()
    assert world.slack.calls == ["post"]


def test_an_edit_whose_answer_was_lost_is_made_again(world: World) -> None:
    world.show()
    world.tell(started_run(DEV))
    world.slack.lost_answers = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.show()
    assert world.show() is NotifyResult.UPDATED
    assert world.slack.calls == ["post", "update", "update"]


def test_a_limit_is_waited_for_as_long_as_slack_asks(world: World) -> None:
    world.slack.faults = [SlackBusy(3), SlackBusy(1)]
    assert world.show() is NotifyResult.POSTED
    assert world.slept == [3, 1]


def test_a_limit_beyond_the_functions_time_goes_back_to_the_stream_and_nothing_is_posted_twice(world: World) -> None:
    world.slack.faults = [SlackBusy(300)]
    with pytest.raises(SlackBusy):
        world.show()
    assert world.slept == []
    assert world.show() is NotifyResult.POSTED
    assert world.slack.calls == ["post", "post"]  # Slack said no: there is nothing to look for
    assert len(world.slack.messages) == 1


def test_a_refusal_reaches_the_caller_and_the_next_event_tries_again(world: World) -> None:
    world.slack.faults = [SlackRefused("not_in_channel")]
    with pytest.raises(SlackRefused):
        world.show()
    assert world.show() is NotifyResult.POSTED
    assert world.slack.calls == ["post", "post"]


def test_a_refused_edit_is_not_taken_for_done(world: World) -> None:
    world.show()
    world.tell(started_run(DEV))
    world.slack.faults = [SlackRefused("is_archived")]
    with pytest.raises(SlackRefused):
        world.show()
    assert world.show() is NotifyResult.UPDATED
    assert world.message == world.truth


def test_a_message_that_somebody_deleted_is_posted_anew(world: World) -> None:
    world.show()
    world.slack.messages.clear()
    world.tell(started_run(DEV))
    assert world.show() is NotifyResult.POSTED
    assert world.message == world.truth


class Meddling(MemorySlack):
    """Lets something happen just before the next call."""

    meddle: Callable[[], None] | None = None

    def _called(self, name: str) -> None:
        if self.meddle:
            act, self.meddle = self.meddle, None
            act()
        super()._called(name)


def test_an_older_view_does_not_stay_in_the_place_of_a_newer_one() -> None:
    slack = Meddling()
    world = World(slack=slack)
    world.show()
    world.tell(started_run(DEV))

    def another_invocation() -> None:
        world.tell(ended_run(DEV))
        assert world.show() is NotifyResult.UPDATED

    slack.meddle = another_invocation
    assert world.show() is NotifyResult.UPDATED
    assert slack.calls == ["post", "update", "update", "update"]
    assert world.message == world.truth


def test_two_that_post_at_once_make_one_message() -> None:
    """The second waits until the first must be done, and finds what it posted."""
    slack = Meddling()
    world = World(slack=slack)
    seen: list[Exception] = []

    def another_invocation() -> None:
        try:
            world.notifier.show(ROLLOUT, WaitBudget(lambda: 6.0, world.sleep))
        except Unavailable as error:
            seen.append(error)

    slack.meddle = another_invocation
    assert world.show() is NotifyResult.POSTED
    assert len(seen) == 1
    assert len(slack.messages) == 1


FAULTS: list[Callable[[], Exception]] = [
    lambda: SlackBusy(1),
    lambda: SlackBusy(500),
    lambda: SlackRefused("not_in_channel"),
    lambda: Unavailable("500"),
]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.none() | st.sampled_from(FAULTS), max_size=12), st.integers(0, 12))
def test_whatever_fails_the_channel_ends_with_one_true_message(
    faults: list[Callable[[], Exception] | None], lost: int
) -> None:
    world = World()
    world.slack.faults = [make() if make else None for make in faults]
    world.slack.lost_answers = [Unavailable("time-out")] * min(lost, 2)
    events: list[TrailEvent] = [started_run(DEV), started_run(PROD), ended_run(DEV), ended_run(PROD)]
    for _ in range(40):
        world.seconds_left = 60
        if events:
            world.tell(events.pop(0))
        try:
            world.show()
        except (Unavailable, SlackRefused):
            continue
    assert len(world.slack.messages) == 1
    assert world.message == world.truth


def test_the_clock_of_a_posting_is_the_boards(world: World) -> None:
    world.show()
    posting = world.postings.load(ROLLOUT)
    assert posting
    assert posting.created_at == datetime.fromisoformat("2026-11-23T08:00:00+00:00")
    assert (posting.sending, posting.digest) == (False, world.truth.digest)
