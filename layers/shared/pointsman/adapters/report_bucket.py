"""The bucket of reports."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from pointsman.adapters.aws_errors import translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TYPES: Final = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}
# S3 says 403 of what is not there to those who may not list: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
_MISSING: Final = {"404", "403"}
_CACHE: Final = "private, max-age=300"  # a page is replaced each day


class ReportBucket:
    """Writes pages into a bucket."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def written_at(self, key: str) -> datetime | None:
        """When a page was written; None: there is none. Raises Unavailable for a retry, and Misconfigured."""
        with translate_aws_errors(f"looking for {key} in the bucket of reports"):
            try:
                return self._client.head_object(Bucket=self._name, Key=key)["LastModified"]
            except ClientError as error:
                if error.response["Error"]["Code"] in _MISSING:
                    return None
                raise

    def put(self, key: str, page: str) -> None:
        """Write a page, or replace it. Raises Unavailable for a retry, and Misconfigured."""
        with translate_aws_errors(f"writing {key} into the bucket of reports"):
            self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=page.encode(),
                ContentType=_TYPES[key.rpartition(".")[2]],
                CacheControl=_CACHE,
            )
