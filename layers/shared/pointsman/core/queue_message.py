"""A delivery as queue messages: shortened if it must be, and marked as such, but never dropped."""

import json
from collections.abc import Iterable, Iterator
from typing import Self

import msgspec

from pointsman.core.decision import Decision
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId, RolloutSpec
from pointsman.core.text import cut, one_line
from pointsman.core.value import Value

# SQS takes 1,048,576 bytes with a message's attributes. Ours has none; the rest is reserve.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_BYTES = 1_000_000
SHORTENED_TEXT = 200  # characters that are kept of a decision's reason and pattern


class ReconcileRequest(Value, kw_only=True, frozen=True):
    """The other kind of message: bring a rollout forward whose facts a command has changed."""

    reconcile: RolloutId

    @classmethod
    def read_from(cls, body: str) -> Self | None:
        """Read a message; None if it is a delivery. Raises DecodeError."""
        return cls.read_json(body) if body.startswith('{"reconcile":') else None


def to_message(delivery: Delivery) -> str:
    """`delivery` as JSON in ASCII: SQS refuses some characters that a commit message may contain."""
    return _to_ascii(delivery)


def to_messages(delivery: Delivery, limit: int = MESSAGE_BYTES) -> tuple[str, ...]:
    """`delivery` as one message or, if it is too large, as several of at most `limit` bytes: see split_to_fit()."""
    message = to_message(delivery)
    if len(message) <= limit:
        return (message,)
    return tuple(to_message(part) for part in split_to_fit(delivery, limit))


def _to_ascii(value: Value) -> str:
    message = msgspec.json.encode(value)  # with null for None, unlike to_json(): a message lives for a moment
    return message.decode() if message.isascii() else json.dumps(msgspec.json.decode(message), separators=(",", ":"))


def split_to_fit(delivery: Delivery, limit: int = MESSAGE_BYTES) -> tuple[Delivery, ...]:
    """`delivery`, or parts of it that fit into `limit` bytes each and together mean the same.

    First the file names are dropped (`files_total` keeps their number), then the decisions' details that the rollout
    specs repeat. Then the specs are spread over several messages. The engine handles the parts like redeliveries.
    """
    for shortened in _shorter_versions(delivery):
        if len(to_message(shortened)) <= limit:
            return (shortened,)
    return tuple(_parts(shortened, limit))


def _shorter_versions(delivery: Delivery) -> Iterator[Delivery]:
    yield delivery
    change = delivery.change.replace(files=())
    delivery = delivery.replace(change=change, shortened=True)
    yield delivery
    yield delivery.replace(decisions=tuple(_short(decision) for decision in delivery.decisions))


def _short(decision: Decision) -> Decision:
    pattern = decision.pattern and cut(decision.pattern, SHORTENED_TEXT)
    shorter = {"targets": (), "file": None, "pattern": pattern, "reason": one_line(decision.reason, SHORTENED_TEXT)}
    return decision.replace(**shorter)


class _Piece(msgspec.Struct, frozen=True):
    """What stays together: a rollout spec, or a decision with the spec that follows from it."""

    decisions: tuple[Decision, ...]
    specs: tuple[RolloutSpec, ...]

    @property
    def size(self) -> int:
        """The characters of JSON that it adds to a message, commas included."""
        return sum(len(_to_ascii(part)) + 1 for part in (*self.decisions, *self.specs))


def _parts(delivery: Delivery, limit: int) -> Iterator[Delivery]:
    """Pack as many pieces into each message as fit. Every message has all decisions, unless they fill half of it."""
    frame = delivery.replace(specs=())
    if len(to_message(frame)) <= limit // 2:
        pieces = [_Piece((), (spec,)) for spec in delivery.specs]
    else:
        pieces = _decisions_with_specs(delivery)
        frame = frame.replace(decisions=())
    for packed in _packed(pieces, limit - len(to_message(frame))):
        decisions = tuple(decision for piece in packed for decision in piece.decisions)
        specs = tuple(spec for piece in packed for spec in piece.specs)
        yield frame.replace(decisions=frame.decisions + decisions, specs=specs)


def _decisions_with_specs(delivery: Delivery) -> list[_Piece]:
    specs = {spec.rollout: spec for spec in delivery.specs}
    pairs = [
        (decision, specs.pop(decision.rollout, None) if decision.rollout else None) for decision in delivery.decisions
    ]
    pieces = [_Piece((decision,), (spec,) if spec else ()) for decision, spec in pairs]
    return pieces + [_Piece((), (spec,)) for spec in specs.values()]


def _packed(pieces: Iterable[_Piece], room: int) -> Iterator[list[_Piece]]:
    """Pieces in their order, in as few lists as `room` allows. A piece larger than that has a list of its own."""
    packed: list[_Piece] = []
    left = room
    for piece in pieces:
        if packed and piece.size > left:
            yield packed
            packed, left = [], room
        packed.append(piece)
        left -= piece.size
    yield packed
