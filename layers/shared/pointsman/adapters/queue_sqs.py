"""The Queue port on SQS FIFO: in order within each ref of a repository, and without deduplication."""

import hashlib
import uuid

from pointsman.adapters.aws_error_codes import error_for
from pointsman.adapters.aws_json import AwsJson, AwsJsonError
from pointsman.core.delivery import Delivery
from pointsman.core.model import RolloutId
from pointsman.core.queue_message import ReconcileRequest, to_messages


def group_of(delivery: Delivery) -> str:
    """The message group: pushes to one ref of a repository stay in order. A digest, since SQS limits the characters."""
    return hashlib.sha256(f"{delivery.change.repository.lower()}#{delivery.change.ref}".encode()).hexdigest()


class SqsQueue:
    """The queue at `url`, called by `client`."""

    def __init__(self, client: AwsJson, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, delivery: Delivery) -> None:
        """See Queue.send. A delivery that is too large is split into several messages."""
        for body in to_messages(delivery):
            self._send(body, group_of(delivery), "a delivery")

    def request(self, rollout_id: RolloutId) -> None:
        """See ReconcileRequests.request."""
        self._send(ReconcileRequest(reconcile=rollout_id).to_json(), rollout_id, f"a request to reconcile {rollout_id}")

    def _send(self, body: str, group: str, what: str) -> None:
        message = {
            "QueueUrl": self._url,
            "MessageBody": body,
            "MessageGroupId": group,
            # A new id, so that a redelivery reaches the engine. The client's own retries use the same id.
            "MessageDeduplicationId": uuid.uuid4().hex,
        }
        try:
            self._client.call("SendMessage", message)
        except AwsJsonError as error:
            raise error_for(error.code, f"sending {what} to the queue: {error}") from error
