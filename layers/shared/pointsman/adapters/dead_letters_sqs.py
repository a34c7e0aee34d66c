"""The dead letters of the changes queue: where a message goes at once that nobody will ever be able to read."""

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

    def put(self, body: str, message: str, group: str, reason: str) -> None:
        """Keep a message as it came, with the reason as an attribute; twice is once. Raises Unavailable."""
        said = {"DataType": "String", "StringValue": one_line(reason, REASON_LENGTH) or "unknown"}
        with translate_aws_errors("putting a message among the dead letters"):
            self._client().send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=message,
                MessageAttributes={"reason": said},  # type: ignore[dict-item]
            )
