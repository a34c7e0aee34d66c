"""Images of Amazon ECR by their address."""

import re
from dataclasses import dataclass
from typing import Self

NO_DIGEST = "sha256:" + "0" * 64  # of an image that is not built yet
_ADDRESS = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(\.cn)?)"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)(:(?P<tag>[\w.-]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class EcrImage:
    """An image in a repository of ECR, by its digest or its tag."""

    account: str
    region: str
    repository: str
    digest: str = ""
    tag: str = ""

    @classmethod
    def parse(cls, address: str) -> Self | None:
        """Return the image at an address; None if it is not in ECR."""
        found = _ADDRESS.fullmatch(address)
        if not found:
            return None
        names = found["account"], found["region"], found["repository"]
        return cls(*names, found["digest"] or "", found["tag"] or "")

    @property
    def address(self) -> str:
        """The address, as docker and CodeBuild take it."""
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        version = f"@{self.digest}" if self.digest else f":{self.tag}"
        return f"{self.account}.dkr.ecr.{self.region}.{suffix}/{self.repository}{version}"

    @property
    def repository_arn(self) -> str:
        """The ARN of its repository."""
        partition = partition_of(self.region)
        return f"arn:{partition}:ecr:{self.region}:{self.account}:repository/{self.repository}"


def partition_of(region: str) -> str:
    """Return the AWS partition of a region."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if "-gov-" in region else "aws"
