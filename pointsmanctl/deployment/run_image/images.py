"""The run image of an installation: which regions have it, and how it gets into the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pointsmanctl.deployment.accounts import CONTROL, Accounts
from pointsmanctl.deployment.artifacts import ArtifactPublisher
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import Progress, Stack
from pointsmanctl.deployment.run_image.build import ImageBuild
from pointsmanctl.deployment.run_image.definition import Definition, read_definition
from pointsmanctl.deployment.run_image.ecr_image import NO_DIGEST, EcrImage
from pointsmanctl.deployment.run_image.stacks import IMAGE, project_name, repository_name
from pointsmanctl.deployment.settings import ImageSettings
from pointsmanctl.deployment.stack_events import Pace
from pointsmanctl.errors import DeploymentFailed


@dataclass
class RunImage:
    """The run image as pointsman.toml defines it, and as ECR has it."""

    installation: Installation
    accounts: Accounts
    artifacts: ArtifactPublisher
    account_id: str  # of the control stack
    settings: ImageSettings
    _digests: dict[str, str] = field(default_factory=dict)  # by region; an image of a tag is never replaced

    @cached_property
    def definition(self) -> Definition:
        """The definition with the team's packages. Raises InvalidInput."""
        directory = self.installation.sources.image.parent
        return read_definition(directory, self.settings, self.installation.directory)

    def stacks(self) -> list[Stack]:
        """Return the stacks, the one that builds first, after its definition is where it reads it."""
        stacks = self.installation.image_stacks(self.account_id, self.definition)
        self.artifacts.upload(stacks[0], self.definition.key, self.definition.archive)
        return stacks

    @property
    def regions(self) -> list[str]:
        """The regions that need the image, the one that builds it first."""
        return self.installation.image_regions

    def missing(self) -> list[str]:
        """Return the regions that do not have the image of this definition yet."""
        return [region for region in self.regions if not self._digest(region)]

    def images(self) -> Mapping[str, EcrImage]:
        """Return the image of each region. One that is not built has the digest NO_DIGEST."""
        name = repository_name(self.installation.settings.stack)
        return {
            region: EcrImage(self.account_id, region, name, self._digest(region) or NO_DIGEST)
            for region in self.regions
        }

    def build(self, progress: Progress, pace: Pace) -> None:
        """Build the image unless every region has it. Raises DeploymentFailed, Interrupted."""
        if not self.missing():
            return
        project = project_name(self.installation.settings.stack)
        region = self.installation.region
        codebuild, logs = (self.accounts.client(service, CONTROL, region) for service in ("codebuild", "logs"))
        build = ImageBuild(codebuild, logs, project, self.definition.tag, tuple(self.regions))
        build.run(pace, lambda phase: progress.update(IMAGE, "building the run image", phase))
        if missing := self.missing():
            raise DeploymentFailed(f"the image was built, but {', '.join(missing)} did not get it. Deploy again")
        progress.end(IMAGE, f"built, in {', '.join(self.regions)}")

    def _digest(self, region: str) -> str:
        if not self._digests.get(region):
            ecr = self.accounts.client("ecr", CONTROL, region)
            name = repository_name(self.installation.settings.stack)
            self._digests[region] = digest_of(ecr, name, {"imageTag": self.definition.tag})
        return self._digests[region]


def digest_of(ecr: Any, repository: str, image: Mapping[str, str]) -> str:
    """Return the digest of an image by its `imageTag` or `imageDigest`; empty if there is none. Raises ClientError."""
    from botocore.exceptions import ClientError

    try:
        answer = ecr.describe_images(repositoryName=repository, imageIds=[dict(image)])
    except ClientError as error:
        if error.response["Error"]["Code"] in {"RepositoryNotFoundException", "ImageNotFoundException"}:
            return ""
        raise
    return next((str(each["imageDigest"]) for each in answer["imageDetails"]), "")
