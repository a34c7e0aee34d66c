"""The Queue port on SQS FIFO: in order within a repository's ref, each message its own."""

import hashlib
import uuid

from pointsman.adapters.aws_error_codes import error_for
from pointsman.adapters.aws_json import AwsJson, AwsJsonError
from pointsman.core.delivery import Delivery
from pointsman.core.queue_message import split_to_fit, to_message


def group_of(delivery: Delivery) -> str:
    """A delivery's group: pushes to one repository and ref stay in order. A digest, since SQS bounds the characters."""
    return hashlib.sha256(f"{delivery.change.repository.lower()}#{delivery.change.ref}".encode()).hexdigest()


class SqsQueue:
    """The queue at `url`, called by `client`."""

    def __init__(self, client: AwsJson, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, delivery: Delivery) -> None:
        """See Queue.send. A delivery that is too large goes as several messages of the same meaning."""
        for part in split_to_fit(delivery):
            message = {
                "QueueUrl": self._url,
                "MessageBody": to_message(part),
                "MessageGroupId": group_of(delivery),
                # Unlike any other, so that a redelivery reaches the engine; the same when the client tries again.
                "MessageDeduplicationId": uuid.uuid4().hex,
            }
            try:
                self._client.call("SendMessage", message)
            except AwsJsonError as error:
                raise error_for(error.code, f"putting a delivery on the queue: {error}") from error
