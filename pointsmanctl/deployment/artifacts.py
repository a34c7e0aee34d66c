"""Puts templates and what they refer to into the artifacts bucket of each account and region."""

import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pointsmanctl.deployment.accounts import Accounts
from pointsmanctl.deployment.model import Stack
from pointsmanctl.deployment.sam import run_sam
from pointsmanctl.errors import DeploymentFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "pointsman"
_US_EAST_1 = "us-east-1"  # the one region that must not be named when a bucket is created


@dataclass(frozen=True)
class Bucket:
    """An artifacts bucket, with the account that must own it."""

    s3: "S3Client"
    name: str
    owner: str


@dataclass(frozen=True)
class _Packaged:
    """A template whose local files are in a bucket."""

    text: str
    bucket: Bucket

    def files(self) -> Iterator[str]:
        """Yield the keys of the files that the template refers to."""
        name = re.escape(self.bucket.name)
        yield from re.findall(rf"s3://{name}/(\S+)", self.text)
        yield from re.findall(rf"S3Bucket: {name}\n\s*S3Key: (\S+)", self.text)


class ArtifactPublisher:
    """Packages each template once with SAM CLI, and copies the result to the bucket of each stack."""

    def __init__(self, accounts: Accounts, directory: Path, bucket_name: str) -> None:
        self._accounts, self._directory, self._bucket_name = accounts, directory, bucket_name
        self._packaged: dict[Path, _Packaged] = {}
        self._lock = threading.Lock()
        # The control stack and a worker stack may share a bucket, which only one of them creates.
        self._bucket_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def publish(self, stack: Stack) -> str:
        """Make a stack's template deployable in its region; the template's URL. Raises DeploymentFailed."""
        bucket = self._bucket_of(stack)
        with self._lock:
            if stack.template not in self._packaged:
                self._packaged[stack.template] = self._package(stack, bucket)
            packaged = self._packaged[stack.template]
        for key in packaged.files():
            _copy(packaged.bucket, bucket, key)
        text = packaged.text.replace(packaged.bucket.name, bucket.name)
        key = f"{PREFIX}/{hashlib.sha256(text.encode()).hexdigest()[:32]}.template"
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=text.encode(), ExpectedBucketOwner=bucket.owner)
        return f"{bucket.s3.meta.endpoint_url}/{bucket.name}/{key}"

    def upload(self, stack: Stack, name: str, body: bytes) -> None:
        """Put a file beside the template of a stack, where its parameters name it. Raises DeploymentFailed."""
        bucket = self._bucket_of(stack)
        if not _has(bucket, f"{PREFIX}/{name}"):
            bucket.s3.put_object(
                Bucket=bucket.name, Key=f"{PREFIX}/{name}", Body=body, ExpectedBucketOwner=bucket.owner
            )

    def _package(self, stack: Stack, bucket: Bucket) -> _Packaged:
        directory = self._directory / f"package-{stack.label.replace('/', '-')}"
        output = directory / "packaged.yaml"
        run_sam(
            ["package", "--template-file", str(stack.template), "--output-template-file", str(output),
             "--s3-bucket", bucket.name, "--s3-prefix", PREFIX, "--region", stack.region, "--no-progressbar"],
            directory,
            self._accounts.environment(stack.account, stack.region),
        )  # fmt: skip
        return _Packaged(output.read_text(encoding="utf-8"), bucket)

    def _bucket_of(self, stack: Stack) -> Bucket:
        name = self._bucket_name.format(account=stack.account_id, region=stack.region)
        bucket = Bucket(self._accounts.client("s3", stack.account, stack.region), name, stack.account_id)
        with self._lock:
            lock = self._bucket_locks[name]
        with lock:
            ensure_bucket(bucket, stack.region)
        return bucket


def ensure_bucket(bucket: Bucket, region: str) -> None:
    """Create a private bucket unless it exists. Raises DeploymentFailed if it belongs to another account."""
    from botocore.exceptions import ClientError

    try:
        bucket.s3.head_bucket(Bucket=bucket.name, ExpectedBucketOwner=bucket.owner)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise DeploymentFailed(
                f"bucket {bucket.name} cannot be used ({error}). Name another one as artifacts_bucket in pointsman.toml"
            ) from error
    where = {} if region == _US_EAST_1 else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    bucket.s3.create_bucket(Bucket=bucket.name, **where)  # type: ignore[arg-type]
    bucket.s3.put_public_access_block(
        Bucket=bucket.name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _copy(source: Bucket, target: Bucket, key: str) -> None:
    """Copy a file to another bucket, which may be of another account; its key has the digest of its content."""
    if source.name == target.name or _has(target, key):
        return
    body = source.s3.get_object(Bucket=source.name, Key=key, ExpectedBucketOwner=source.owner)["Body"].read()
    target.s3.put_object(Bucket=target.name, Key=key, Body=body, ExpectedBucketOwner=target.owner)


def _has(bucket: Bucket, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        bucket.s3.head_object(Bucket=bucket.name, Key=key, ExpectedBucketOwner=bucket.owner)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return False
        raise
    return True
