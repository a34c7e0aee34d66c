"""Every event of the public interface has a valid sample in events/ours/."""

from typing import get_args

import pytest

from pointsman.core.trail.events import TRAIL_EVENT, Event, TrailEvent
from tests.support.events import EVENTS, sample

CLASSES: dict[str, type[Event]] = {each.__name__: each for each in get_args(get_args(TrailEvent.__value__)[0])}


def test_there_is_a_sample_for_every_event_and_no_other() -> None:
    assert {path.stem for path in (EVENTS / "ours").glob("*.json")} == set(CLASSES)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_sample_is_what_it_says(name: str) -> None:
    event = TRAIL_EVENT.validate_python(sample(f"ours/{name}.json"))
    assert type(event) is CLASSES[name]
    assert event.partition
    assert event.key


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_sample_shows_every_field_that_its_class_must_have(name: str) -> None:
    required = {field for field, about in CLASSES[name].model_fields.items() if about.is_required()}
    assert required <= set(sample(f"ours/{name}.json"))


def test_a_decision_that_says_it_is_not_held_is_read_and_does_not_say_it_again() -> None:
    sample_event = sample("ours/DeliveryDecided.json")
    sample_event["decisions"][0]["held"] = False
    event = TRAIL_EVENT.validate_python(sample_event)
    assert event == TRAIL_EVENT.validate_python(sample("ours/DeliveryDecided.json"))
    assert "held" not in event.model_dump_json(exclude_none=True)
