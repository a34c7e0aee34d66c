"""The rollouts of an invocation and the list of stale messages: what is shown, kept and retried."""

from datetime import timedelta

import pytest

from pointsman.adapters.slack import TIMEOUT_SECONDS
from pointsman.adapters.slack_memory import MemorySlackChannel
from pointsman.core.slack.channel_sync import (
    MAX_FAILURES,
    STALE_PER_BATCH,
    STREAM_RETRY,
    SYNC_SECONDS,
    ChannelSync,
    ChannelSyncResult,
)
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.core.slack.stale import StaleList, update_stale
from pointsman.errors import Misconfigured, SlackBusy, SlackRefused, Unavailable
from tests.support.events import DEV, ROLLOUT, started_rollout, started_run
from tests.support.rollouts import MORNING
from tests.support.slack_world import SlackWorld


@pytest.fixture
def world() -> SlackWorld:
    return SlackWorld()


@pytest.fixture
def channel_sync(world: SlackWorld) -> ChannelSync:
    return ChannelSync(world.notifier, world.store, world.wait_budget, world.clock)


def rollouts(world: SlackWorld, count: int) -> list[str]:
    """The ids of `count` rollouts that have started."""
    ids = [f"r-{number}" for number in range(count)]
    for each in ids:
        world.record(started_rollout(DEV, rollout=each))
    return ids


def make_stale(world: SlackWorld, ids: list[str]) -> None:
    update_stale(world.store, world.store.load_stale(), ids, ())


def finish(channel_sync: ChannelSync, result: ChannelSyncResult) -> None:
    """Finish a batch that the stream no longer retries."""
    channel_sync.finish_batch(result, MORNING - STREAM_RETRY)


def test_a_batch_is_shown_and_then_the_list(world: SlackWorld, channel_sync: ChannelSync) -> None:
    first, second = rollouts(world, 2)
    make_stale(world, [first])
    result = channel_sync.sync_batch([second, "r-unknown"])
    assert result.from_batch.synced == {second: NotifyResult.POSTED, "r-unknown": NotifyResult.UNKNOWN}
    assert result.from_list.synced == {first: NotifyResult.POSTED}
    finish(channel_sync, result)
    assert world.store.load_stale().rollouts == ()


def test_a_rollout_of_the_batch_is_not_shown_again_from_the_list(world: SlackWorld, channel_sync: ChannelSync) -> None:
    ids = rollouts(world, 1)
    make_stale(world, ids)
    result = channel_sync.sync_batch(ids)
    finish(channel_sync, result)
    assert (result.from_list.synced, world.slack.calls) == ({}, ["post"])
    assert world.store.load_stale().rollouts == ()


def test_a_batch_shows_only_the_first_of_a_long_list(world: SlackWorld, channel_sync: ChannelSync) -> None:
    newest, *stale = rollouts(world, STALE_PER_BATCH + 3)
    make_stale(world, stale)
    world.seconds_left = 600
    finish(channel_sync, channel_sync.sync_batch([newest]))
    assert world.store.load_stale().rollouts == tuple(stale[STALE_PER_BATCH:])


@pytest.mark.parametrize("fault", [SlackRefused("is_archived"), Unavailable("500"), ValueError("a bug")])
def test_a_failure_stops_no_other_rollout_but_the_list_waits(
    world: SlackWorld, channel_sync: ChannelSync, fault: Exception
) -> None:
    first, second, stale = rollouts(world, 3)
    make_stale(world, [stale])
    world.slack.faults = [fault]
    result = channel_sync.sync_batch([first, second])
    assert result.from_batch.out_of_date == [first]
    assert [*result.from_batch.synced] == [second]
    assert result.from_list.synced == {}


def test_a_busy_slack_is_not_called_for_the_others(world: SlackWorld, channel_sync: ChannelSync) -> None:
    first, *others = rollouts(world, 4)
    world.slack.faults = [None, SlackBusy(600)]
    result = channel_sync.sync_batch([first, *others])
    assert [*result.from_batch.failed] == others
    assert world.slack.calls == ["post", "post"]


class SlowChannel(MemorySlackChannel):
    """Slack that answers after ten seconds, or not at all."""

    world: SlackWorld
    is_down = False

    def post(self, rollout: str, message: SlackMessage, note: str = "", thread: str | None = None) -> str:
        self.world.sleep(10)
        if self.is_down:
            raise Unavailable("time-out")
        return super().post(rollout, message, note, thread)


@pytest.fixture
def slow() -> SlowChannel:
    slow = SlowChannel()
    slow.world = SlackWorld(slack=slow, seconds_left=120)
    return slow


@pytest.mark.parametrize("is_down", [True, False])
def test_a_slow_slack_leaves_time_to_list_what_was_not_shown(slow: SlowChannel, is_down: bool) -> None:
    """Else Lambda ends the function, nothing is listed, and the whole batch comes again."""
    world, slow.is_down = slow.world, is_down
    ids = rollouts(world, 20)
    channel_sync = ChannelSync(world.notifier, world.store, world.wait_budget, world.clock)
    result = channel_sync.sync_batch(ids)
    assert world.seconds_left >= SYNC_SECONDS
    finish(channel_sync, result)
    shown = len(slow.messages)
    assert bool(shown) != is_down
    assert world.store.load_stale().rollouts == tuple(ids[shown:])


def test_the_schedule_ends_in_time_too_and_keeps_the_order_of_the_list(slow: SlowChannel) -> None:
    world = slow.world
    ids = rollouts(world, 20)
    make_stale(world, ids)
    channel_sync = ChannelSync(world.notifier, world.store, world.wait_budget, world.clock)
    left = channel_sync.update_list(channel_sync.sync_list())
    assert world.seconds_left >= SYNC_SECONDS
    assert left.rollouts == tuple(ids[len(slow.messages) :])


def test_a_wait_leaves_time_for_the_call_after_it(world: SlackWorld) -> None:
    world.seconds_left = 40
    assert not world.wait_budget.wait(30)
    assert world.wait_budget.wait(20)
    assert world.seconds_left >= TIMEOUT_SECONDS


def test_a_batch_without_a_new_message_leaves_the_list(world: SlackWorld, channel_sync: ChannelSync) -> None:
    """Nothing shows that Slack accepts messages."""
    current, stale = rollouts(world, 2)
    world.sync(current)
    make_stale(world, [stale])
    finish(channel_sync, channel_sync.sync_batch([current]))
    assert world.store.load_stale().rollouts == (stale,)


def test_the_schedule_stops_after_a_few_failures_and_moves_them_to_the_end(
    world: SlackWorld, channel_sync: ChannelSync
) -> None:
    ids = rollouts(world, MAX_FAILURES + 2)
    make_stale(world, ids)
    world.slack.faults = [SlackRefused("is_archived")] * MAX_FAILURES
    left = channel_sync.update_list(channel_sync.sync_list())
    assert left.rollouts == (*ids[MAX_FAILURES:], *ids[:MAX_FAILURES])
    assert world.store.load_stale() == left.replace(version=2)


@pytest.mark.parametrize("age", [timedelta(0), STREAM_RETRY - timedelta(seconds=1), None])
def test_the_stream_retries_a_new_batch(world: SlackWorld, channel_sync: ChannelSync, age: timedelta | None) -> None:
    ids = rollouts(world, 2)
    world.slack.faults = [Unavailable("500")]
    result = channel_sync.sync_batch(ids)
    with pytest.raises(Unavailable, match=r"not updated: r-0$"):
        channel_sync.finish_batch(result, None if age is None else world.clock() - age)
    assert world.store.load_stale().rollouts == ("r-0",)


def test_the_stream_does_not_retry_an_old_batch(world: SlackWorld, channel_sync: ChannelSync) -> None:
    world.slack.faults = [Unavailable("500")]
    finish(channel_sync, channel_sync.sync_batch(rollouts(world, 1)))
    assert world.store.load_stale().rollouts == ("r-0",)


def test_the_stream_does_not_retry_what_slack_refused(world: SlackWorld, channel_sync: ChannelSync) -> None:
    world.slack.faults = [SlackRefused("is_archived")]
    channel_sync.finish_batch(channel_sync.sync_batch(rollouts(world, 1)), world.clock())
    assert world.store.load_stale().rollouts == ("r-0",)


def test_a_failure_that_does_not_pass_is_raised_before_those_that_do(
    world: SlackWorld, channel_sync: ChannelSync
) -> None:
    world.slack.faults = [Unavailable("500"), Misconfigured("no such secret")]
    result = channel_sync.sync_batch(rollouts(world, 2))
    with pytest.raises(Misconfigured, match="no such secret"):
        channel_sync.finish_batch(result, world.clock())
    assert world.store.load_stale().rollouts == ("r-0", "r-1")


def test_a_list_that_cannot_be_updated_has_the_stream_retry_a_batch_of_any_age(
    world: SlackWorld, channel_sync: ChannelSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_: StaleList) -> None:
        raise Unavailable("the table is throttled")

    world.record(started_rollout(DEV))
    world.slack.faults = [Unavailable("500")]
    result = channel_sync.sync_batch([ROLLOUT])
    monkeypatch.setattr(world.store, "save_stale", unavailable)
    with pytest.raises(Unavailable, match="500; the table is throttled"):
        finish(channel_sync, result)


def test_new_events_are_noted_before_slack_is_called(world: SlackWorld, channel_sync: ChannelSync) -> None:
    """A rollout that Slack does not take now has its events: the stream need not deliver them again."""
    first, second = rollouts(world, 2)
    started = started_run(DEV).replace(rollout=second)
    world.trail.record(started)
    world.slack.faults = [SlackBusy(300)]
    result = channel_sync.sync_batch([first, second], {second: [started]})
    assert [*result.from_batch.failed] == [first, second]
    finish(channel_sync, result)
    channel_sync.sync_list()
    assert "running" in str(dict(world.slack.messages.values())[second].blocks)


def test_a_batch_whose_events_cannot_be_noted_is_delivered_again(
    world: SlackWorld, channel_sync: ChannelSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = rollouts(world, 2)
    noted: list[str] = []

    def note(rollout: str, _: object) -> None:
        noted.append(rollout)
        if rollout == first:
            raise Unavailable("DynamoDB is down")

    monkeypatch.setattr(world.notifier, "note", note)
    with pytest.raises(Unavailable):
        channel_sync.sync_batch([first, second], {first: [], second: []})
    assert noted == [first, second]
    assert world.slack.calls == []


def test_an_event_that_can_never_be_noted_holds_up_no_other_rollout(
    world: SlackWorld, channel_sync: ChannelSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = rollouts(world, 2)

    def note(rollout: str, _: object) -> None:
        if rollout == first:
            raise ValueError("a bug")

    monkeypatch.setattr(world.notifier, "note", note)
    result = channel_sync.sync_batch([first, second], {first: [], second: []})
    assert [*result.from_batch.failed] == [first]
    assert [*result.from_batch.synced] == [second]
