"""A delivery as messages that the queue takes: shortened where it must be, which it then says, and never dropped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pointsman.core.delivery import Delivery
from pointsman.core.model import Decision, RolloutSpec
from pointsman.core.text import cut, one_line

# SQS takes 1,048,576 bytes with a message's attributes; ours has none, and the rest is room.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_BYTES = 1_000_000
TOLD = 200  # characters left of a decision's reason and pattern


def to_message(delivery: Delivery) -> str:
    """`delivery` as JSON in ASCII: SQS refuses some characters that a commit message may hold."""
    return delivery.model_dump_json(exclude_none=True, ensure_ascii=True)


def split_to_fit(delivery: Delivery, limit: int = MESSAGE_BYTES) -> tuple[Delivery, ...]:
    """`delivery`, or parts of it that fit into `limit` bytes each and have the same meaning together.

    First the file names go (`files_total` keeps their number), then the decisions' details that orders repeat, then
    the orders are spread over several messages. The engine takes the parts as it takes redeliveries.
    """
    for shortened in _ever_shorter(delivery):
        if len(to_message(shortened)) <= limit:
            return (shortened,)
    return tuple(_parts(shortened, limit))


def _ever_shorter(delivery: Delivery) -> Iterator[Delivery]:
    yield delivery
    change = delivery.change.model_copy(update={"files": ()})
    delivery = delivery.model_copy(update={"change": change, "shortened": True})
    yield delivery
    yield delivery.model_copy(update={"decisions": tuple(_short(decision) for decision in delivery.decisions)})


def _short(decision: Decision) -> Decision:
    pattern = decision.pattern and cut(decision.pattern, TOLD)
    shorter = {"targets": (), "file": None, "pattern": pattern, "reason": one_line(decision.reason, TOLD)}
    return decision.model_copy(update=shorter)


@dataclass(frozen=True)
class _Piece:
    """What stays together: an order, or a decision with the order that follows from it."""

    decisions: tuple[Decision, ...]
    specs: tuple[RolloutSpec, ...]

    @property
    def size(self) -> int:
        """Characters of JSON that it adds to a message, commas included."""
        return sum(
            len(part.model_dump_json(exclude_none=True, ensure_ascii=True)) + 1
            for part in (*self.decisions, *self.specs)
        )


def _parts(delivery: Delivery, limit: int) -> Iterator[Delivery]:
    """As many pieces in a message as it takes. All decisions are in each, unless they alone fill half of one."""
    frame = delivery.model_copy(update={"specs": ()})
    if len(to_message(frame)) <= limit // 2:
        pieces = [_Piece((), (spec,)) for spec in delivery.specs]
    else:
        pieces = _with_their_orders(delivery)
        frame = frame.model_copy(update={"decisions": ()})
    for packed in _packed(pieces, limit - len(to_message(frame))):
        decisions = tuple(decision for piece in packed for decision in piece.decisions)
        specs = tuple(spec for piece in packed for spec in piece.specs)
        yield frame.model_copy(update={"decisions": frame.decisions + decisions, "specs": specs})


def _with_their_orders(delivery: Delivery) -> list[_Piece]:
    specs = {spec.rollout: spec for spec in delivery.specs}
    followed = [
        (decision, specs.pop(decision.rollout, None) if decision.rollout else None) for decision in delivery.decisions
    ]
    pieces = [_Piece((decision,), (spec,) if spec else ()) for decision, spec in followed]
    return pieces + [_Piece((), (spec,)) for spec in specs.values()]


def _packed(pieces: Iterable[_Piece], room: int) -> Iterator[list[_Piece]]:
    """Pieces in their order, in as few lists as `room` allows; one that is larger than that stands alone."""
    packed: list[_Piece] = []
    left = room
    for piece in pieces:
        if packed and piece.size > left:
            yield packed
            packed, left = [], room
        packed.append(piece)
        left -= piece.size
    yield packed
