"""Builds the run image and pushes it to the repository of each region: what the CodeBuild project of the image runs.

    POINTSMAN_IMAGE_REPOSITORY  the repository's name, the same in each region
    POINTSMAN_IMAGE_TAG         the definition's hash, the image's tag
    POINTSMAN_IMAGE_REGIONS     regions, separated by commas

The first region to get the image is the build's own. A tag cannot be replaced: where the image is, it stays, and a
region that lacks it gets the one that the build's own region has. Exit status 1, with the reason, if a step fails.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError

DEFINITION = Path(__file__).resolve().parent / "execution-environment.yml"
# CodeBuild runs an image. An attestation would make an index of it, and count as an image of its own in ECR.
VARIABLES = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}

type Run = Callable[[Sequence[str], bytes], None]
"""Runs a program with a standard input. Raises CalledProcessError or OSError."""


@dataclass(frozen=True)
class Request:
    """Which image the build makes, and where it goes."""

    repository: str
    tag: str
    own_region: str
    regions: tuple[str, ...]  # the own region first

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the build's variables. Raises KeyError."""
        own = environ["AWS_REGION"]
        others = [each for each in environ["POINTSMAN_IMAGE_REGIONS"].split(",") if each and each != own]
        names = environ["POINTSMAN_IMAGE_REPOSITORY"], environ["POINTSMAN_IMAGE_TAG"]
        return cls(*names, own, (own, *dict.fromkeys(others)))


class Registry:
    """The registry of one region, with one repository."""

    def __init__(self, ecr: Any, repository: str) -> None:
        self._ecr, self._repository = ecr, repository

    @cached_property
    def _authorization(self) -> Mapping[str, str]:
        [data] = self._ecr.get_authorization_token()["authorizationData"]
        return data  # type: ignore[no-any-return]

    @property
    def uri(self) -> str:
        """The repository's address."""
        return f"{self._host}/{self._repository}"

    @property
    def _host(self) -> str:
        return self._authorization["proxyEndpoint"].removeprefix("https://")

    def digest(self, tag: str) -> str:
        """The digest of a tag's image, or an empty text."""
        try:
            answer = self._ecr.describe_images(repositoryName=self._repository, imageIds=[{"imageTag": tag}])
        except self._ecr.exceptions.ImageNotFoundException:
            return ""
        return next((str(each["imageDigest"]) for each in answer["imageDetails"]), "")

    def log_in(self, run: Run) -> None:
        """Let docker use the registry. The token, of 12 hours, goes to its standard input."""
        _, _, password = base64.b64decode(self._authorization["authorizationToken"]).partition(b":")
        run(["docker", "login", "--username", "AWS", "--password-stdin", self._host], password)


def build(request: Request, registries: Mapping[str, Registry], run: Run) -> None:
    """Make the image, or take the one that is there, and push it where it is missing."""
    missing = [region for region in request.regions if not registries[region].digest(request.tag)]
    own = f"{registries[request.own_region].uri}:{request.tag}"
    if missing:
        registries[request.own_region].log_in(run)
        if request.own_region in missing:
            _make(own, run)
        else:
            run(["docker", "pull", own], b"")
    for region in missing:
        name = f"{registries[region].uri}:{request.tag}"
        if region != request.own_region:
            registries[region].log_in(run)
            run(["docker", "tag", own, name], b"")
        run(["docker", "push", name], b"")
    for region in request.regions:
        print(f"build_image: {region} has {registries[region].uri}@{registries[region].digest(request.tag)}")


def _make(name: str, run: Run) -> None:
    with TemporaryDirectory() as context:
        create = ["ansible-builder", "create", "--file", str(DEFINITION), "--context", context]
        run([*create, "--output-filename", "Containerfile"], b"")
        run(["docker", "build", "--tag", name, "--file", f"{context}/Containerfile", context], b"")


def run_program(command: Sequence[str], standard_input: bytes) -> None:
    """Run a program, with its output in the build's log. Raises CalledProcessError or OSError."""
    print("build_image:", *command, flush=True)
    subprocess.run(command, input=standard_input, check=True, env={**os.environ, **VARIABLES})


def main() -> int:
    """Build the image that the build's variables name."""
    request = Request.read(os.environ)
    client: Any = boto3.session.Session().client
    registries = {each: Registry(client("ecr", region_name=each), request.repository) for each in request.regions}
    try:
        build(request, registries, run_program)
    except (subprocess.CalledProcessError, OSError, BotoCoreError, ClientError) as error:
        print(f"build_image: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
