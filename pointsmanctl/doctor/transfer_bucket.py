"""The bucket through which Ansible copies files to hosts: it must not be versioned."""

from collections.abc import Iterator

from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "bucket"


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the bucket of a target."""
    from botocore.exceptions import ClientError

    link, bucket = Link(NAME, target.name), target.output("TransferBucketName")
    try:
        status = target.client("s3").get_bucket_versioning(Bucket=bucket).get("Status")
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        yield link.broken(f"there is no bucket {bucket}", "create it, or empty TransferBucketName and deploy")
        return
    yield judge(link, bucket, status)


def judge(link: Link, bucket: str, status: str | None) -> CheckResult:
    """Judge the versioning of a bucket: None, Enabled or Suspended."""
    if status == "Enabled":
        return link.broken(
            f"bucket {bucket} is versioned: old versions keep secrets in plain text",
            "suspend its versioning (aws s3api put-bucket-versioning), and delete its old versions",
        )
    return link.ok(f"bucket {bucket} keeps no old versions")
