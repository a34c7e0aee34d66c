"""Puts templates and the files that they name into the artifacts bucket of each account and region."""

import copy
import hashlib
import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsmanctl.deployment.accounts import Accounts
from pointsmanctl.deployment.archive import zip_directory
from pointsmanctl.deployment.model import Stack
from pointsmanctl.deployment.template import read_template
from pointsmanctl.errors import DeploymentFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "pointsman"
_US_EAST_1 = "us-east-1"  # the one region that must not be named when a bucket is created
_DIRECTORIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Lambda::LayerVersion": "Content",
}
"""The properties that may name a directory beside the template."""


def digest(body: bytes) -> str:
    """Return the name of a file in a bucket, by its content."""
    return hashlib.sha256(body).hexdigest()[:32]


@dataclass(frozen=True)
class Bucket:
    """An artifacts bucket, with the account that must own it."""

    s3: "S3Client"
    name: str
    owner: str

    def put(self, body: bytes, suffix: str) -> str:
        """Store a file under the digest of its content, once; its key."""
        key = f"{PREFIX}/{digest(body)}.{suffix}"
        if not _has(self, key):
            self.s3.put_object(Bucket=self.name, Key=key, Body=body, ExpectedBucketOwner=self.owner)
        return key


@dataclass(frozen=True)
class _Packaged:
    """A template with its directories as zip files, by the name of the resource."""

    template: dict[str, Any]
    archives: dict[str, bytes]

    def in_bucket(self, bucket: Bucket) -> bytes:
        """Store the files; the template that names them."""
        template = copy.deepcopy(self.template)
        for name, archive in self.archives.items():
            resource = template["Resources"][name]
            key = bucket.put(archive, "zip")
            property_name = _DIRECTORIES[resource["Type"]]
            by_parts = property_name == "Content"
            resource["Properties"][property_name] = (
                {"S3Bucket": bucket.name, "S3Key": key} if by_parts else f"s3://{bucket.name}/{key}"
            )
        return json.dumps(template, default=str).encode()  # YAML reads 2012-10-17 as a date


class ArtifactPublisher:
    """Packages each template once, and stores it in the bucket of each stack."""

    def __init__(self, accounts: Accounts, bucket_name: str) -> None:
        self._accounts, self._bucket_name = accounts, bucket_name
        self._packaged: dict[Path, _Packaged] = {}
        self._lock = threading.Lock()
        # The control stack and a worker stack may share a bucket, which only one of them creates.
        self._bucket_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def publish(self, stack: Stack) -> str:
        """Make a stack's template deployable in its region; the template's URL. Raises DeploymentFailed."""
        bucket = self._bucket_of(stack)
        with self._lock:
            if stack.template not in self._packaged:
                self._packaged[stack.template] = _package(stack.template)
        key = bucket.put(self._packaged[stack.template].in_bucket(bucket), "template")
        return f"{bucket.s3.meta.endpoint_url}/{bucket.name}/{key}"

    def upload(self, stack: Stack, name: str, body: bytes) -> None:
        """Put a file beside the template of a stack, where its parameters name it. Raises DeploymentFailed."""
        bucket = self._bucket_of(stack)
        if not _has(bucket, f"{PREFIX}/{name}"):
            bucket.s3.put_object(
                Bucket=bucket.name, Key=f"{PREFIX}/{name}", Body=body, ExpectedBucketOwner=bucket.owner
            )

    def _bucket_of(self, stack: Stack) -> Bucket:
        name = self._bucket_name.format(account=stack.account_id, region=stack.region)
        bucket = Bucket(self._accounts.client("s3", stack.account, stack.region), name, stack.account_id)
        with self._lock:
            lock = self._bucket_locks[name]
        with lock:
            ensure_bucket(bucket, stack.region)
        return bucket


def _package(path: Path) -> _Packaged:
    """Read a template and the directories that it names. Raises DeploymentFailed if one is missing."""
    template = read_template(path)
    archives = {}
    for name, resource in template["Resources"].items():
        property_name = _DIRECTORIES.get(resource["Type"])
        named = resource.get("Properties", {}).get(property_name) if property_name else None
        if isinstance(named, str) and not named.startswith("s3://"):
            directory = path.parent / named
            if not directory.is_dir():
                raise DeploymentFailed(f"{path}: {name} needs the directory {directory}, which does not exist")
            # What was built has its bytecode; what is only carried along may have some of a test.
            archives[name] = zip_directory(directory, bytecode=Path(named).is_absolute())
    return _Packaged(template, archives)


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


def _has(bucket: Bucket, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        bucket.s3.head_object(Bucket=bucket.name, Key=key, ExpectedBucketOwner=bucket.owner)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return False
        raise
    return True
