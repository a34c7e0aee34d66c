"""botocore's errors, sorted by who must act."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from pointsman.errors import Misconfigured, Unavailable

# No retry mends these: the role, the name or the request itself is wrong. Services differ in the suffix.
_OPERATORS_FAULTS = (
    "AccessDenied",
    "InvalidParameter",
    "InvalidRequest",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ResourceNotFound",
    "Validation",
)


@contextmanager
def errors_sorted(doing: str) -> Iterator[None]:
    """Turn botocore's errors into Misconfigured or Unavailable, each saying what was being done."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code.startswith(_OPERATORS_FAULTS):
            raise Misconfigured(f"{doing}: {error}") from error
        raise Unavailable(f"{doing}: {error}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing}: {error}") from error
