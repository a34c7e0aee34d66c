"""Whether a queue of SQS has messages."""

from typing import TYPE_CHECKING

from pointsman.adapters.aws_errors import translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def is_empty(client: "SQSClient", url: str) -> bool:
    """Whether no message waits in the queue, or is being worked on. Raises Unavailable or Misconfigured."""
    with translate_aws_errors("reading the dead letters of audit_indexer"):
        answer = client.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        )
    return all(int(number) == 0 for number in answer["Attributes"].values())
