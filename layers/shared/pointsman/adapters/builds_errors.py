"""The errors of CodeBuild and STS, by what they prove: nothing was done, or it is unknown.

| answer | meaning | error |
| --- | --- | --- |
| 4xx, a code below, or one with "LimitExceeded" | throttled, or too many builds: nothing was done | BuildDelayed |
| 4xx, credentials expired or not valid yet | nothing was done; new ones are requested | BuildDelayed |
| 4xx, any other | access denied, no such project, invalid input: nothing was done or will be | BuildRefused |
| 5xx, no answer, a broken connection | unknown: it may have been done | Unavailable |

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html#API_StartBuild_Errors
https://docs.aws.amazon.com/codebuild/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors
https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html (the same error for a project's limit)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from pointsman.core.model import Target
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

# botocore also counts most of these as throttling.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html#standard-retry-mode
THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "AccountLimitExceededException",
    "ServiceQuotaExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
}
CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
}


@contextmanager
def translate_build_errors(target: Target, operation: str) -> Iterator[None]:
    """Turn botocore's errors into BuildDelayed, BuildRefused or Unavailable, as the table says."""
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        code, text = answer["Code"], f"{answer['Code']}: {answer['Message']}"
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise Unavailable(f"{operation} in {target.name} failed: {text}") from error
        if is_temporary(code):
            raise BuildDelayed(f"{operation} in {target.name} was delayed: {text}") from error
        raise BuildRefused(f"{operation} in {target.name} was refused: {text}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{operation} in {target.name} got no answer: {error}") from error


def is_temporary(code: str) -> bool:
    """Whether the same call may succeed later."""
    return code in THROTTLED | CREDENTIALS or "LimitExceeded" in code
