"""Alarms in the channel: one message each time that one fires, whatever the order of its events."""

import copy
from itertools import permutations
from typing import Any

import pytest

from pointsman.core.slack.alarm_event import is_alarm_event, read_alarm_event
from pointsman.core.slack.alarm_message import render_alarm
from pointsman.core.slack.alarm_status import MAX_CONFLICTS, AlarmStatus, alarm_key_of, record_change
from pointsman.core.slack.message import SlackMessage
from pointsman.core.slack.message_sync import NotifyResult
from pointsman.errors import Conflict, Unavailable, Unreadable
from tests.support.alarms import BEGAN, alarm_event
from tests.support.slack_rules import violations
from tests.support.slack_world import SlackWorld


@pytest.fixture
def world() -> SlackWorld:
    return SlackWorld()


def take(world: SlackWorld, *events: dict[str, Any]) -> list[NotifyResult]:
    """Show each of these events; what was done for those that show something."""
    messages = [record_change(world.store, read_alarm_event(event)) for event in events]
    return [world.sync(each[-1]) for each in messages if each]


def take_all(world: SlackWorld, *events: dict[str, Any]) -> None:
    """Take the events one by one, with every message that each may have changed."""
    for event in events:
        for message in record_change(world.store, read_alarm_event(event)):
            world.sync(message)


def texts(world: SlackWorld) -> list[str]:
    return [message.text for _, message in world.slack.messages.values()]


def body(message: SlackMessage) -> str:
    lines = [each["text"] for block in message.blocks for each in block.get("elements", [block.get("text")])]
    return "\n".join(lines)


def test_an_alarm_is_one_message_that_its_end_updates(world: SlackWorld) -> None:
    assert take(world, alarm_event()) == [NotifyResult.POSTED]
    text = body(world.message)
    assert world.message.text == "🚨 pointsman-worker/BuildStates fires"
    assert "account `222222222222` · `eu-west-1`" in text
    assert "Check that its WorkerAccountIds has this account." in text
    assert "`Threshold Crossed: 1 out of the last 1 datapoints" in text
    assert take(world, alarm_event("OK", 12)) == [NotifyResult.UPDATED]
    assert world.message.text == "✅ pointsman-worker/BuildStates is over after 12m 00s"
    assert "WorkerAccountIds" not in body(world.message)


def test_a_second_time_is_a_new_message_because_an_edit_notifies_nobody(world: SlackWorld) -> None:
    take(world, alarm_event(), alarm_event("OK", 5), alarm_event("ALARM", 9), alarm_event("OK", 10))
    assert texts(world) == [
        "✅ pointsman-worker/BuildStates is over after 5m 00s",
        "✅ pointsman-worker/BuildStates is over after 1m 00s",
    ]


def test_a_repeated_event_changes_nothing(world: SlackWorld) -> None:
    take(world, alarm_event(), alarm_event("OK", 5))
    assert take(world, alarm_event(), alarm_event("OK", 5)) == [NotifyResult.UNCHANGED] * 2
    assert len(texts(world)) == 1


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_whatever_the_order_the_newest_state_is_shown(world: SlackWorld, order: tuple[int, ...]) -> None:
    events = [alarm_event(), alarm_event("INSUFFICIENT_DATA", 4), alarm_event("OK", 6, previous="INSUFFICIENT_DATA")]
    take(world, *(events[each] for each in order))
    assert all("fires" not in text or order[0] == 2 for text in texts(world))


def test_an_end_that_overtakes_its_beginning_is_shown_as_over(world: SlackWorld) -> None:
    take(world, alarm_event("OK", 5), alarm_event())
    assert texts(world) == ["✅ pointsman-worker/BuildStates is over after 5m 00s"]


TWICE = (
    alarm_event(),
    alarm_event("OK", 10),
    alarm_event("ALARM", 60, previous_minutes=10),
    alarm_event("OK", 90, previous_minutes=60),
)
OVER = "✅ pointsman-worker/BuildStates is over after"


@pytest.mark.parametrize("arrives", [1, 2, 3, None])
def test_a_second_time_whose_first_end_is_late_or_lost_is_a_new_message(world: SlackWorld, arrives: int | None) -> None:
    first, over, again, last = TWICE
    events = [first, again, last]
    if arrives is not None:
        events.insert(arrives, over)
    take_all(world, *events)
    assert texts(world) == [f"{OVER} 10m 00s", f"{OVER} 30m 00s"]


def test_while_it_fires_again_the_first_time_is_over(world: SlackWorld) -> None:
    take_all(world, TWICE[0], TWICE[2])
    assert texts(world) == [f"{OVER} 10m 00s", "🚨 pointsman-worker/BuildStates fires"]
    assert "no datapoints were received" in body(next(iter(world.slack.messages.values()))[1])  # why it was over
    calls = len(world.slack.calls)
    take_all(world, TWICE[2])  # once more, such as after a failure
    assert len(world.slack.calls) == calls


def test_a_second_time_that_was_not_reported_is_shown_by_its_end(world: SlackWorld) -> None:
    take_all(world, TWICE[0], TWICE[1], TWICE[3], TWICE[2])
    assert texts(world) == [f"{OVER} 10m 00s", f"{OVER} 30m 00s"]


@pytest.mark.parametrize("missing", ["timestamp", "value", "reason"])
def test_without_a_part_of_the_state_before_an_alarm_is_shown_all_the_same(world: SlackWorld, missing: str) -> None:
    event = alarm_event("ALARM", 60, previous_minutes=10)
    del event["detail"]["previousState"][missing]
    take_all(world, alarm_event(), event)
    assert "🚨 pointsman-worker/BuildStates fires" in texts(world)


def test_a_new_alarm_that_becomes_ok_for_the_first_time_is_not_shown(world: SlackWorld) -> None:
    assert take(world, alarm_event("OK", previous="INSUFFICIENT_DATA")) == []
    assert texts(world) == []


def test_alarms_without_data_say_so(world: SlackWorld) -> None:
    take(world, alarm_event(), alarm_event("INSUFFICIENT_DATA", 3))
    assert world.message.text == "❔ pointsman-worker/BuildStates has no data after 3m 00s"


def test_the_message_of_an_older_time_is_still_known(world: SlackWorld) -> None:
    first = record_change(world.store, read_alarm_event(alarm_event()))
    for event in (alarm_event("OK", 2), alarm_event("ALARM", 3)):
        record_change(world.store, read_alarm_event(event))
    world.sync(*first)
    assert world.message.text.endswith("is over after 2m 00s")


def test_another_alarm_has_another_message(world: SlackWorld) -> None:
    take(world, alarm_event(), alarm_event(name="pointsman/DeliveriesFailed"))
    assert len(texts(world)) == 2


HOSTILE = "<!channel> *bold* `code` <https://evil.example|here> & @here\n:tada: \u202egnp"


def test_text_from_outside_stays_text(world: SlackWorld) -> None:
    take(world, alarm_event(name=HOSTILE, description=HOSTILE, reason=HOSTILE))
    assert violations(world.message) == []
    assert "<!channel>" not in str(world.message.blocks)


def test_half_of_a_surrogate_pair_can_be_stored_and_shown(world: SlackWorld) -> None:
    take(world, alarm_event(name="a\ud800b", description="\udfff", reason="\ud800") | {"region": "x\ud800"})
    assert violations(world.message) == []


def test_long_texts_stay_within_slacks_limits(world: SlackWorld) -> None:
    take(world, alarm_event(name="n" * 255, description="d" * 5_000, reason="r" * 5_000))
    assert violations(world.message) == []


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_it_links_to_the_alarm_in_its_partition(world: SlackWorld, region: str, host: str) -> None:
    change = read_alarm_event(alarm_event() | {"region": region})
    record_change(world.store, change)
    status = world.store.load_alarm_status(change.key)
    assert status
    text = body(render_alarm(status, status.episodes[0]))
    assert (
        f"<https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/pointsman-worker%2FBuildStates|alarm>" in text
    )


def test_the_time_is_read_with_and_without_a_colon() -> None:
    event = alarm_event()
    assert read_alarm_event(event).at == BEGAN
    event["detail"]["state"]["timestamp"] = "2026-11-23T06:30:00.000Z"
    assert read_alarm_event(event).at == BEGAN


def test_a_time_without_a_zone_is_not_guessed() -> None:
    event = alarm_event()
    event["detail"]["state"]["timestamp"] = "2026-11-23T06:30:00"
    with pytest.raises(Unreadable, match="timezone"):
        read_alarm_event(event)


@pytest.mark.parametrize("missing", ["resources", "account", "detail"])
def test_an_event_of_another_form_is_named(missing: str) -> None:
    event = copy.deepcopy(alarm_event())
    del event[missing]
    with pytest.raises(Unreadable, match=missing):
        read_alarm_event(event)


def test_only_cloudwatch_reports_alarms() -> None:
    assert is_alarm_event(alarm_event())
    assert not is_alarm_event(alarm_event() | {"source": "pointsman.ansible"})
    assert not is_alarm_event(alarm_event() | {"detail-type": "Scheduled Event"})


def test_an_alarm_that_nobody_knows_shows_nothing(world: SlackWorld) -> None:
    assert world.sync("alarm-0123456789abcdef-1") == NotifyResult.UNKNOWN
    assert alarm_key_of("alarm-0123456789abcdef-1") == "0123456789abcdef"


def test_writers_that_always_come_first_end_the_attempt(world: SlackWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(status: AlarmStatus) -> None:
        raise Conflict("another writer")

    monkeypatch.setattr(world.store, "save_alarm_status", conflict)
    with pytest.raises(Unavailable, match=f"{MAX_CONFLICTS} updates conflicted"):
        record_change(world.store, read_alarm_event(alarm_event()))
