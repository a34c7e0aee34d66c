"""The error codes of AWS, sorted by who must act."""

from pointsman.errors import Misconfigured, Unavailable

# A retry does not help: the role, the name or the request itself is wrong. Services differ in the suffix.
_OPERATOR_MUST_ACT = (
    "AccessDenied",
    "NoSuchBucket",
    "NoSuchKey",
    "DisabledException",
    "InvalidParameter",
    "InvalidRequest",
    "KMSInvalidState",
    "NotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ResourceNotFound",
    "Validation",
)


def error_for(code: str, message: str) -> Misconfigured | Unavailable:
    """The error to raise for an error code of AWS."""
    return Misconfigured(message) if code.startswith(_OPERATOR_MUST_ACT) else Unavailable(message)
