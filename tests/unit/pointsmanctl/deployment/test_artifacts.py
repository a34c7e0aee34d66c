"""The artifacts bucket of an account and region, which the control stack and a worker stack may share."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from pointsmanctl.deployment.accounts import Accounts
from pointsmanctl.deployment.artifacts import ArtifactPublisher
from pointsmanctl.deployment.model import Stack


class SlowS3:
    """Buckets that nobody sees until a moment after they were created."""

    def __init__(self) -> None:
        self.created: list[str] = []

    def client(self, service: str, account: str, region: str) -> Any:
        return self

    def head_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:  # noqa: N803 - names of AWS
        known = Bucket in self.created
        time.sleep(0.05)
        if not known:
            raise ClientError({"Error": {"Code": "404"}}, "HeadBucket")

    def create_bucket(self, Bucket: str, **where: Any) -> None:  # noqa: N803
        if Bucket in self.created:
            raise ClientError({"Error": {"Code": "BucketAlreadyOwnedByYou"}}, "CreateBucket")
        self.created.append(Bucket)

    def put_public_access_block(self, **settings: Any) -> None:
        pass


def stack(label: str, account: str) -> Stack:
    return Stack(label, label, account, "111111111111", "eu-west-1", Path("template.yaml"), {})


def test_two_stacks_in_one_account_and_region_create_their_bucket_once() -> None:
    s3 = SlowS3()
    publisher = ArtifactPublisher(cast("Accounts", s3), "artifacts-{account}-{region}")
    with ThreadPoolExecutor(2) as pool:
        buckets = list(pool.map(publisher._bucket_of, [stack("control", "control"), stack("dev/eu-west-1", "dev")]))
    assert [each.name for each in buckets] == ["artifacts-111111111111-eu-west-1"] * 2
    assert s3.created == ["artifacts-111111111111-eu-west-1"]
