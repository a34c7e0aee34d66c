"""The nouns: constructors are strict, readers are tolerant."""

from typing import Any

import pytest
from msgspec import ValidationError

from pointsman.core.delivery import Delivery
from pointsman.core.identity import work_id
from pointsman.core.model import DeliveryId, Mode, QueueEntry, Rollout, RolloutId, Run, TargetQueue
from pointsman.core.rollout_plan import RolloutPlan, Wave
from pointsman.core.run_options import RunOptions, SecretLocation, VaultSecret
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


def test_a_rollout_of_an_earlier_version_has_no_options_and_the_same_identity() -> None:
    """A redelivery compares it with one of today: the rest of this form is in the tables of earlier versions."""
    stored = ROLLOUT.to_dict()
    assert "options" not in stored["spec"]
    assert "options" not in stored["spec"]["targets"][0]
    assert Rollout.read(stored) == ROLLOUT
    settings = ROLLOUT.spec.settings_on(target(DEV))
    assert settings.to_dict() == {"playbook": "site.yml", "limit": "", "tags": [], "extra_vars": {}}
    assert work_id(change(), settings) == "w-1f1aaabbd47ccce6"
    with_options = ROLLOUT.spec.replace(options=RunOptions(forks=2))
    assert work_id(change(), with_options.settings_on(target(DEV))) != "w-1f1aaabbd47ccce6"
    assert with_options.rollout == ROLLOUT.spec.rollout


def test_options_of_a_newer_writer_are_dropped() -> None:
    newer = {"forks": 2, "new": 1, "vault": [{"secret": "v", "new": 1}], "secrets": {"a": {"secret": "s", "new": 1}}}
    assert RunOptions.read(newer) == RunOptions(
        forks=2, vault=(VaultSecret(secret="v"),), secrets={"a": SecretLocation(secret="s")}
    )


def test_a_message_of_a_newer_writer_is_read_unless_its_version_is_another() -> None:
    text = delivery(DEV).to_json().replace('"version":1', '"version":1,"of_a_newer_writer":{"a":1}')
    assert Delivery.read_json(text) == delivery(DEV)
    with pytest.raises(ValidationError, match="version"):
        Delivery.read_json(text.replace('"version":1', '"version":2'))


SERIAL = RolloutPlan(waves=(Wave(), Wave(serial="25%")))


@pytest.mark.parametrize(
    ("plan", "mode", "wave", "serial"),
    [
        (None, Mode.APPLY, 0, None),
        (RolloutPlan(), Mode.APPLY, 0, None),
        (SERIAL, Mode.APPLY, 0, None),
        (SERIAL, Mode.APPLY, 1, "25%"),
        (SERIAL, Mode.CHECK, 1, None),
        (SERIAL, Mode.APPLY, 2, None),
    ],
    ids=["no plan", "no waves", "a wave without", "a wave with", "a check", "no such wave"],
)
def test_a_build_has_the_batch_size_of_its_wave(
    plan: RolloutPlan | None, mode: Mode, wave: int, serial: str | None
) -> None:
    spec, on = ROLLOUT.spec.replace(plan=plan, mode=mode), target(DEV).replace(wave=wave)
    assert spec.options_for_build(on) == (RunOptions(serial=serial) if serial else None)
    with_options = spec.replace(options=RunOptions(forks=2))
    assert with_options.options_for_build(on) == RunOptions(forks=2, serial=serial)


def test_the_batch_size_is_not_part_of_the_works_identity() -> None:
    """A redelivery after the wave's batch size changed is the same work."""
    on = target(DEV).replace(wave=1)
    with_serial = ROLLOUT.spec.replace(plan=SERIAL).settings_on(on)
    assert work_id(change(), with_serial) == work_id(change(), ROLLOUT.spec.settings_on(on))
