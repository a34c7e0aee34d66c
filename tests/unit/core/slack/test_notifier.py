"""One message for each rollout: posted once and kept up to date, despite failures."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.adapters.slack_memory import MemorySlackChannel
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.port import WaitBudget
from pointsman.core.trail.events import TrailEvent
from pointsman.errors import SlackBusy, SlackRefused, Unavailable
from tests.support.events import (
    DEV,
    PROD,
    ROLLOUT,
    after,
    ended_rollout,
    ended_run,
    started_rollout,
    started_run,
)
from tests.support.slack_world import SlackWorld


def a_world(slack: MemorySlackChannel | None = None) -> SlackWorld:
    world = SlackWorld(slack=slack or MemorySlackChannel())
    world.record(started_rollout(DEV, PROD))
    return world


@pytest.fixture
def world() -> SlackWorld:
    return a_world()


def test_a_rollout_is_posted_once_and_then_edited(world: SlackWorld) -> None:
    assert world.sync() is NotifyResult.POSTED
    world.record(started_run(DEV))
    assert world.sync() is NotifyResult.UPDATED
    assert world.slack.calls == ["post", "update"]
    assert world.message == world.expected


def test_an_unchanged_message_is_not_sent_again(world: SlackWorld) -> None:
    world.sync()
    assert world.sync() is NotifyResult.UNCHANGED
    assert world.slack.calls == ["post"]


def test_a_partition_without_a_start_shows_nothing(world: SlackWorld) -> None:
    assert world.sync("r-unknown") is NotifyResult.UNKNOWN
    assert world.slack.calls == []


def test_a_post_whose_response_was_lost_is_found_and_not_repeated(world: SlackWorld) -> None:
    world.slack.lost_responses = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.sync()
    assert world.sync() is NotifyResult.UPDATED
    assert world.slack.calls == ["post", "find", "update"]
    assert world.message == world.expected


def test_a_post_that_never_reached_slack_is_repeated_after_a_search(world: SlackWorld) -> None:
    world.slack.faults = [Unavailable("no route")]
    with pytest.raises(Unavailable):
        world.sync()
    assert world.sync() is NotifyResult.POSTED
    assert world.slack.calls == ["post", "find", "post"]
    assert len(world.slack.messages) == 1


def test_a_lost_post_has_time_to_arrive_before_the_search(world: SlackWorld) -> None:
    world.slack.lost_responses = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.sync()
    world.clock.now = after(5)
    world.sync()
    assert world.slept == [10.0]


def test_without_time_to_wait_for_a_lost_post_the_stream_retries(world: SlackWorld) -> None:
    world.slack.lost_responses = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.sync()
    world.seconds_left = 8
    with pytest.raises(Unavailable, match="may still arrive"):
        world.sync()
    assert world.slack.calls == ["post"]


def test_an_update_whose_response_was_lost_is_repeated(world: SlackWorld) -> None:
    world.sync()
    world.record(started_run(DEV))
    world.slack.lost_responses = [Unavailable("time-out")]
    with pytest.raises(Unavailable):
        world.sync()
    assert world.sync() is NotifyResult.UPDATED
    assert world.slack.calls == ["post", "update", "update"]


def test_a_rate_limit_is_waited_for_as_long_as_slack_asks(world: SlackWorld) -> None:
    world.slack.faults = [SlackBusy(3), SlackBusy(1)]
    assert world.sync() is NotifyResult.POSTED
    assert world.slept == [3, 1]


def test_after_a_rate_limit_longer_than_the_function_may_run_nothing_is_posted_twice(world: SlackWorld) -> None:
    world.slack.faults = [SlackBusy(300)]
    with pytest.raises(SlackBusy):
        world.sync()
    assert world.slept == []
    assert world.sync() is NotifyResult.POSTED
    assert world.slack.calls == ["post", "post"]  # Slack refused the first: no search is needed
    assert len(world.slack.messages) == 1


def test_a_refusal_reaches_the_caller_and_the_next_event_retries(world: SlackWorld) -> None:
    world.slack.faults = [SlackRefused("not_in_channel")]
    with pytest.raises(SlackRefused):
        world.sync()
    assert world.sync() is NotifyResult.POSTED
    assert world.slack.calls == ["post", "post"]


def test_a_refused_update_is_not_recorded_as_done(world: SlackWorld) -> None:
    world.sync()
    world.record(started_run(DEV))
    world.slack.faults = [SlackRefused("is_archived")]
    with pytest.raises(SlackRefused):
        world.sync()
    assert world.sync() is NotifyResult.UPDATED
    assert world.message == world.expected


def test_a_deleted_message_is_posted_again(world: SlackWorld) -> None:
    world.sync()
    world.slack.messages.clear()
    world.record(started_run(DEV))
    assert world.sync() is NotifyResult.POSTED
    assert world.message == world.expected


class InterruptedChannel(MemorySlackChannel):
    """Does something just before the next call."""

    before_next_call: Callable[[], None] | None = None

    def _record_call(self, name: str) -> None:
        if self.before_next_call:
            act, self.before_next_call = self.before_next_call, None
            act()
        super()._record_call(name)


def test_an_older_view_does_not_replace_a_newer_one() -> None:
    slack = InterruptedChannel()
    world = a_world(slack)
    world.sync()
    world.record(started_run(DEV))

    def another_invocation() -> None:
        world.record(ended_run(DEV))
        assert world.sync() is NotifyResult.UPDATED

    slack.before_next_call = another_invocation
    assert world.sync() is NotifyResult.UPDATED
    assert slack.calls == ["post", "update", "update", "update"]
    assert world.message == world.expected


def test_two_invocations_that_post_at_once_make_one_message() -> None:
    """The second waits until the first must have finished, and finds its message."""
    slack = InterruptedChannel()
    world = a_world(slack)
    errors: list[Exception] = []

    def another_invocation() -> None:
        try:
            world.notifier.sync(ROLLOUT, WaitBudget(lambda: 6.0, world.sleep))
        except Unavailable as error:
            errors.append(error)

    slack.before_next_call = another_invocation
    assert world.sync() is NotifyResult.POSTED
    assert len(errors) == 1
    assert len(slack.messages) == 1


FAULTS: list[Callable[[], Exception]] = [
    lambda: SlackBusy(1),
    lambda: SlackBusy(500),
    lambda: SlackRefused("not_in_channel"),
    lambda: Unavailable("500"),
]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.none() | st.sampled_from(FAULTS), max_size=12), st.integers(0, 12))
def test_the_channel_ends_with_one_correct_message_despite_failures(
    faults: list[Callable[[], Exception] | None], lost: int
) -> None:
    world = a_world()
    world.slack.faults = [make() if make else None for make in faults]
    world.slack.lost_responses = [Unavailable("time-out")] * min(lost, 2)
    events: list[TrailEvent] = [started_run(DEV), started_run(PROD), ended_run(DEV), ended_run(PROD)]
    for _ in range(40):
        world.seconds_left = 60
        if events:
            world.record(events.pop(0))
        try:
            world.sync()
        except (Unavailable, SlackRefused):
            continue
    assert len(world.slack.messages) == 1
    assert world.message == world.expected


def test_the_state_of_a_message_has_the_notifiers_time(world: SlackWorld) -> None:
    world.sync()
    state = world.store.load(ROLLOUT)
    assert state
    assert state.created_at == datetime.fromisoformat("2026-11-23T08:00:00+00:00")
    assert (state.sending, state.digest) == (False, world.expected.digest)


def test_a_failure_notifies_also_if_slack_refuses_the_message_of_its_rollout(world: SlackWorld) -> None:
    world.sync()
    world.record(ended_run(DEV, "failed"), ended_run(PROD), ended_rollout("failed"))
    world.slack.faults = [SlackRefused("msg_too_long")]
    with pytest.raises(SlackRefused, match="msg_too_long"):
        world.sync()
    assert world.notes == [f"{ROLLOUT} failed#1"]
    world.sync()  # from the list of stale messages
    assert world.message == world.expected
    assert world.slack.calls == ["post", "update", "reply", "update"]


def test_the_end_of_a_rollout_shows_events_that_the_stream_has_lost(world: SlackWorld) -> None:
    """The stream gives up an event that cannot be noted for a day, such as while a permission is missing."""
    world.record(started_run(DEV), started_run(PROD), ended_run(PROD))
    world.sync()
    world.trail.record(ended_run(DEV, "failed"))  # lost
    world.record(ended_rollout("failed"))
    world.sync()
    assert "failed" in world.message.text
    assert world.message == world.expected
    assert world.notes == [f"{ROLLOUT} failed#1"]


def test_an_end_that_overtakes_a_run_in_the_stream_is_shown_once_both_are_there(world: SlackWorld) -> None:
    last, end = ended_run(DEV), ended_rollout()
    world.record(started_run(DEV), started_run(PROD), ended_run(PROD))
    for event in (last, end):
        world.trail.record(event)
    for event in (end, last):
        world.notifier.note(ROLLOUT, [event])
        world.sync()
    assert world.message == world.expected
    assert "2 succeeded" in world.message.text
