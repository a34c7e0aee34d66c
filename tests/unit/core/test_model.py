"""The nouns: constructors are strict, readers are tolerant."""

from typing import Any

import pytest
from msgspec import ValidationError

from pointsman.core.delivery import Delivery
from pointsman.core.model import DeliveryId, QueueEntry, Rollout, RolloutId, Run, TargetQueue
from pointsman.core.value import Value
from tests.support.rollouts import MORNING, change, delivery, target

DEV = "dev/eu-west-1"
ROLLOUT = Rollout(
    id=RolloutId("r-1"),
    change=change(),
    spec=delivery(DEV).specs[0],
    delivery=DeliveryId("d-1"),
    last_message_id="m-1",
    pushes=(),
    created_at=MORNING,
)
ENTRY = QueueEntry(rollout=RolloutId("r-1"), concurrency_group="site", attempt=1, ordering_time=MORNING)
NOUNS: list[Value] = [
    delivery(DEV),
    ROLLOUT,
    Run(rollout=RolloutId("r-1"), route="site", target=target(DEV), created_at=MORNING),
    TargetQueue(name=DEV, holder=ENTRY, waiting=(ENTRY,)),
]


def of_a_newer_writer(value: Any) -> Any:
    """`value` with an unknown field in every noun."""
    if isinstance(value, Value):
        fields = {name: of_a_newer_writer(getattr(value, name)) for name in value.__struct_fields__}
        return fields | {"of_a_newer_writer": 1}
    return [of_a_newer_writer(each) for each in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: type(noun).__name__)
def test_fields_of_a_newer_writer_are_dropped_at_every_depth(noun: Value) -> None:
    newer = of_a_newer_writer(noun)
    assert type(noun).read(newer) == noun
    with pytest.raises(TypeError, match="of_a_newer_writer"):
        type(noun)(**newer)


def test_a_message_of_a_newer_writer_is_read_unless_its_version_is_another() -> None:
    text = delivery(DEV).to_json().replace('"version":1', '"version":1,"of_a_newer_writer":{"a":1}')
    assert Delivery.read_json(text) == delivery(DEV)
    with pytest.raises(ValidationError, match="version"):
        Delivery.read_json(text.replace('"version":1', '"version":2'))
