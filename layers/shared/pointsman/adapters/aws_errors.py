"""Translates botocore's errors to Pointsman's, which say who must act."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from pointsman.adapters.aws_error_codes import error_for
from pointsman.errors import Conflict, Misconfigured, Unavailable

# A write of DynamoDB or S3 with a condition that is not met.
_FAILED_CONDITIONS = {"ConditionalCheckFailedException", "PreconditionFailed"}
# DynamoDB cancelled a transaction, since another writer was first.
_LOST_RACES = {"ConditionalCheckFailed", "TransactionConflict"}
# DynamoDB cancelled a transaction, since one of its items can never be stored.
_INVALID_ITEMS = {"ValidationError", "ItemCollectionSizeLimitExceeded"}


@contextmanager
def translate_aws_errors(doing: str) -> Iterator[None]:
    """Raise Conflict, Misconfigured or Unavailable for botocore's errors. The message starts with `doing`."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _FAILED_CONDITIONS or _cancelled_for(error, _LOST_RACES):
            raise Conflict(doing) from error
        if _cancelled_for(error, _INVALID_ITEMS):
            raise Misconfigured(f"{doing}: {error}") from error
        raise error_for(code, f"{doing}: {error}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing}: {error}") from error


def _cancelled_for(error: ClientError, codes: set[str]) -> bool:
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return any(reason.get("Code") in codes for reason in reasons)
