"""A batch of the queue: stored first, then started; what can't be read or stored delays no other message."""

import pytest

from pointsman.adapters.dead_letters_memory import MemoryDeadLetters
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, RunState
from pointsman.core.rollouts.consume import BatchResult, DeliveryConsumer, ReceivedMessage
from pointsman.core.rollouts.engine import never
from pointsman.errors import Unavailable
from tests.support.rollouts import delivery
from tests.support.world import DEV, MemoryWorld

A, B = delivery(DEV, commit="a" * 40, name="d-a"), delivery(DEV, commit="b" * 40, name="d-b")
ROLLOUT_A, ROLLOUT_B = A.specs[0].rollout, B.specs[0].rollout


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def dead_letters() -> MemoryDeadLetters:
    return MemoryDeadLetters()


def consume(world: MemoryWorld, dead_letters: MemoryDeadLetters, *bodies: Delivery | str) -> BatchResult:
    """Consume messages m-0, m-1 and so on."""
    texts = [each if isinstance(each, str) else each.to_json() for each in bodies]
    batch = [ReceivedMessage(f"m-{number}", "group", text) for number, text in enumerate(texts)]
    return DeliveryConsumer(world.engine, dead_letters).consume(batch, never)


def test_every_message_is_stored_and_its_builds_are_started(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    result = consume(world, dead_letters, A, B)
    assert result == BatchResult(returned={}, dead_letters={})
    assert world.run(ROLLOUT_A, DEV).state is RunState.RUNNING
    assert world.run(ROLLOUT_B, DEV).state is RunState.WAITING


def test_an_invalid_message_goes_to_the_dead_letter_queue_and_the_others_are_stored(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    result = consume(world, dead_letters, '{"id": 1}', A)
    assert result.returned == {}
    assert result.dead_letters["m-0"].startswith(
        "this version can't read the message: Expected `str`, got `int` - at `$.id`"
    )
    assert dead_letters.letters["m-0"].body == '{"id": 1}'
    assert dead_letters.letters["m-0"].reason == result.dead_letters["m-0"]
    assert world.run(ROLLOUT_A, DEV).state is RunState.RUNNING


def test_a_request_to_reconcile_brings_its_rollout_forward(world: MemoryWorld, dead_letters: MemoryDeadLetters) -> None:
    world.engine.accept(A, "m-a")
    result = consume(world, dead_letters, f'{{"reconcile":"{ROLLOUT_A}"}}', '{"reconcile":"r-0000000000000000"}')
    assert result == BatchResult(returned={}, dead_letters={})
    assert world.run(ROLLOUT_A, DEV).state is RunState.RUNNING


def test_an_invalid_request_to_reconcile_goes_to_the_dead_letter_queue(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    assert list(consume(world, dead_letters, '{"reconcile":1}').dead_letters) == ["m-0"]


def test_a_reason_names_no_value_of_the_message(world: MemoryWorld, dead_letters: MemoryDeadLetters) -> None:
    consume(world, dead_letters, '{"id": {"password": "hunter2"}}')
    assert "hunter2" not in dead_letters.letters["m-0"].reason


def test_a_message_of_a_rollout_that_cannot_be_read_goes_to_the_dead_letters(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    world.store.unreadable.add(ROLLOUT_A)
    result = consume(world, dead_letters, A, B)
    assert result.returned == {}
    assert ROLLOUT_A in result.dead_letters["m-0"]
    assert world.run(ROLLOUT_B, DEV).state is RunState.RUNNING


def test_a_message_that_cannot_be_put_aside_goes_back_and_only_it(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    dead_letters.down = True
    result = consume(world, dead_letters, "not a delivery", A)
    assert result.returned.keys() == {"m-0"}
    assert isinstance(result.returned["m-0"], Unavailable)
    assert result.dead_letters == {}
    assert world.run(ROLLOUT_A, DEV).state is RunState.RUNNING


def test_a_message_that_cannot_be_stored_goes_back_and_only_it(
    world: MemoryWorld, dead_letters: MemoryDeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = world.store.load
    monkeypatch.setattr(world.store, "load", lambda rollout: load(rollout) if rollout == ROLLOUT_B else 1 / 0)
    result = consume(world, dead_letters, A, B)
    assert result.returned.keys() == {"m-0"}
    assert isinstance(result.returned["m-0"], ZeroDivisionError)
    assert world.run(ROLLOUT_B, DEV).state is RunState.RUNNING


def test_a_region_that_does_not_answer_gives_no_message_back(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    world.builds.silent.add(DEV)
    result = consume(world, dead_letters, A)
    assert result.returned == {}
    assert isinstance(result.reconcile_failure, Unavailable)
    assert world.run(ROLLOUT_A, DEV).state is RunState.STARTING


def test_every_message_is_stored_before_the_first_build_starts(
    world: MemoryWorld, dead_letters: MemoryDeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_at_start: list[list[RolloutId]] = []
    start = world.builds.start

    def noted(rollout, run):  # type: ignore[no-untyped-def]
        stored_at_start.append(world.store.open_rollouts())
        return start(rollout, run)

    monkeypatch.setattr(world.builds, "start", noted)
    consume(world, dead_letters, A, B)
    assert stored_at_start == [sorted((ROLLOUT_A, ROLLOUT_B))]


def test_out_of_time_the_messages_are_stored_and_nothing_is_started(
    world: MemoryWorld, dead_letters: MemoryDeadLetters
) -> None:
    batch = [ReceivedMessage("m-0", "group", A.to_json())]
    result = DeliveryConsumer(world.engine, dead_letters).consume(batch, lambda: True)
    assert result == BatchResult(returned={}, dead_letters={})
    assert world.builds.started == []
    assert world.store.open_rollouts() == [ROLLOUT_A]
