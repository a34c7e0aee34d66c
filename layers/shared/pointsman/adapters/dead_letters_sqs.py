"""The DeadLetters port on SQS FIFO."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pointsman.adapters.aws_errors import translate_aws_errors
from pointsman.core.text import one_line

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REASON_LENGTH = 500


class SqsDeadLetters:
    """The FIFO queue at `url`. `client` makes the SQS client when it is first needed."""

    def __init__(self, client: Callable[[], "SQSClient"], url: str) -> None:
        self._client = client
        self._url = url

    def put(self, body: str, message_id: str, group_id: str, reason: str) -> None:
        """See DeadLetters.put. The reason is a message attribute."""
        attribute = {"DataType": "String", "StringValue": one_line(reason, REASON_LENGTH) or "unknown"}
        with translate_aws_errors("sending a message to the dead-letter queue"):
            self._client().send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageGroupId=group_id,
                MessageDeduplicationId=message_id,
                MessageAttributes={"reason": attribute},  # type: ignore[dict-item]
            )
