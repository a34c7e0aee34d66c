"""A delivery as messages that the queue takes: shortened where it must be, and never dropped."""

from collections.abc import Iterator

from pointsman.core.model import Decision, Delivery
from pointsman.core.text import one_line

# SQS takes 1,048,576 bytes with a message's attributes; ours has none, and the rest is room.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_BYTES = 1_000_000


def to_message(delivery: Delivery) -> str:
    """`delivery` as JSON in ASCII: SQS refuses some characters that a commit message may hold."""
    return delivery.model_dump_json(exclude_none=True, ensure_ascii=True)


def messages_of(delivery: Delivery, limit: int = MESSAGE_BYTES) -> tuple[Delivery, ...]:
    """`delivery`, or parts of it that fit into `limit` bytes each and have the same meaning together.

    First the file names go (`files_total` keeps their number), then the decisions' details that orders repeat, then
    each order gets a message of its own. The engine takes the parts as it takes redeliveries.
    """
    for shortened in _ever_shorter(delivery):
        if len(to_message(shortened)) <= limit:
            return (shortened,)
    return tuple(shortened.model_copy(update={"orders": (order,)}) for order in shortened.orders) or (shortened,)


def _ever_shorter(delivery: Delivery) -> Iterator[Delivery]:
    yield delivery
    delivery = delivery.model_copy(update={"change": delivery.change.model_copy(update={"files": ()})})
    yield delivery
    yield delivery.model_copy(update={"decisions": tuple(_short(decision) for decision in delivery.decisions)})


def _short(decision: Decision) -> Decision:
    shorter = {"targets": (), "file": None, "reason": one_line(decision.reason, 200)}
    return decision.model_copy(update=shorter)
