"""botocore's errors, sorted by who must act."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from pointsman.adapters.aws_error_codes import error_for
from pointsman.errors import Conflict, Misconfigured, Unavailable

# Why DynamoDB cancelled a transaction: another writer was first.
_LOST_RACES = {"ConditionalCheckFailed", "TransactionConflict"}
# An item of it can never be stored.
_UNFIT = {"ValidationError", "ItemCollectionSizeLimitExceeded"}


@contextmanager
def translate_aws_errors(doing: str) -> Iterator[None]:
    """Turn botocore's errors into Conflict, Misconfigured or Unavailable, each saying what was being done."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException" or _cancelled_for(error, _LOST_RACES):
            raise Conflict(doing) from error
        if _cancelled_for(error, _UNFIT):
            raise Misconfigured(f"{doing}: {error}") from error
        raise error_for(code, f"{doing}: {error}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing}: {error}") from error


def _cancelled_for(error: ClientError, codes: set[str]) -> bool:
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return any(reason.get("Code") in codes for reason in reasons)
