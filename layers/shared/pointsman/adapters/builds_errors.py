"""CodeBuild's and STS's errors: what was certainly not done, and may be tried again or not, and what nobody can tell.

| answer | what it means | becomes |
| --- | --- | --- |
| 4xx, a code below, or one with "LimitExceeded" | throttled, or too many builds: nothing was done yet | BuildDelayed |
| 4xx, credentials ran out or are too new | nothing was done; new ones are taken | BuildDelayed |
| 4xx, any other | access denied, no such project, invalid input: nothing was done, nor will be | BuildRefused |
| 5xx, no answer, a broken connection | it may have been done | Unavailable |

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html#API_StartBuild_Errors
https://docs.aws.amazon.com/codebuild/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors
https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html (a project's limit answers as the account's does)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from pointsman.core.model import Target
from pointsman.errors import BuildDelayed, BuildRefused, Unavailable

# botocore counts most of these as throttling, too.
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
def translate_build_errors(target: Target, doing: str) -> Iterator[None]:
    """Turn botocore's errors into BuildDelayed, BuildRefused or Unavailable, as the table says."""
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        code, said = answer["Code"], f"{answer['Code']}: {answer['Message']}"
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise Unavailable(f"{doing} in {target.name} failed: {said}") from error
        if passes(code):
            raise BuildDelayed(f"{doing} in {target.name} has to wait: {said}") from error
        raise BuildRefused(f"{doing} in {target.name} refused: {said}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing} in {target.name}: {error}") from error


def passes(code: str) -> bool:
    """Whether a refusal is one that passes."""
    return code in THROTTLED | CREDENTIALS or "LimitExceeded" in code
