"""The Queue port on SQS FIFO: in order within each ref of a repository, and without deduplication."""

import hashlib
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.core.delivery import Delivery
from pointsman.core.queue_message import split_to_fit, to_message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def group_of(delivery: Delivery) -> str:
    """The message group: pushes to one ref of a repository stay in order. A digest, since SQS limits the characters."""
    return hashlib.sha256(f"{delivery.change.repository.lower()}#{delivery.change.ref}".encode()).hexdigest()


class SqsQueue:
    """The queue at `url`. `client` makes the SQS client when it is first needed."""

    def __init__(self, client: Callable[[], "SQSClient"], url: str) -> None:
        self._client = client
        self._url = url

    def send(self, delivery: Delivery) -> None:
        """See Queue.send. A delivery that is too large is split into several messages."""
        for part in split_to_fit(delivery):
            with translate_aws_errors("sending a delivery to the queue"):
                self._client().send_message(
                    QueueUrl=self._url,
                    MessageBody=to_message(part),
                    MessageGroupId=group_of(delivery),
                    # A new id, so that a redelivery reaches the engine. botocore's own retries use the same id.
                    MessageDeduplicationId=uuid.uuid4().hex,
                )
