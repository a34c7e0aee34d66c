"""Every event of the public interface has a valid sample in events/ours/."""

from typing import get_args

import msgspec
import pytest

from pointsman.core.trail.event import Event
from pointsman.core.trail.events import TrailEvent, read_event
from tests.support.events import EVENTS, sample
from tests.support.fold_rollout import fold

CLASSES: dict[str, type[Event]] = {each.__name__: each for each in get_args(TrailEvent.__value__)}


def test_there_is_a_sample_for_every_event_and_no_other() -> None:
    assert {path.stem for path in (EVENTS / "ours").glob("*.json")} == set(CLASSES)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_sample_is_what_it_says(name: str) -> None:
    event = read_event(sample(f"ours/{name}.json"))
    assert type(event) is CLASSES[name]
    assert event.partition
    assert event.key


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_sample_shows_every_field_that_its_class_must_have(name: str) -> None:
    required = {each.encode_name for each in msgspec.structs.fields(CLASSES[name]) if each.required}
    assert required <= set(sample(f"ours/{name}.json"))


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_slack_takes_every_event(name: str) -> None:
    start = read_event(sample("ours/RolloutStarted.json"))
    assert fold([start, read_event(sample(f"ours/{name}.json"))])


def test_a_decision_that_says_it_is_not_held_is_read_and_does_not_say_it_again() -> None:
    stored = sample("ours/DeliveryDecided.json")
    stored["decisions"][0]["held"] = False
    event = read_event(stored)
    assert event == read_event(sample("ours/DeliveryDecided.json"))
    assert "held" not in event.to_json()
