"""The stacks of the run image, and the parameters by which a worker stack uses it."""

from collections.abc import Iterable, Mapping, Sequence

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.artifacts import PREFIX
from pointsmanctl.deployment.model import Stack
from pointsmanctl.deployment.run_image.definition import Definition
from pointsmanctl.deployment.run_image.ecr_image import EcrImage
from pointsmanctl.deployment.settings import DeploySettings, ImageSettings

IMAGE = "image"
"""The stacks of the run image, beside `control` and the targets."""
_BUILDING = ("DefinitionBucket", "DefinitionKey", "ImageTag", "Regions")
SET_FOR_IMAGE = ("ControlStackName", "WorkerAccountIds", "EnvironmentType", *_BUILDING)
_ENVIRONMENTS = {"x86_64": "LINUX_CONTAINER", "arm64": "ARM_CONTAINER"}


def is_image_stack(stack: Stack) -> bool:
    """Whether a stack is one of the run image."""
    return stack.label.startswith(f"{IMAGE}:")


def repository_name(control_stack: str) -> str:
    """Return the name of the repository, which is the same in every region, as image/template.yaml makes it."""
    return f"{control_stack}-run-image"


def project_name(control_stack: str) -> str:
    """Return the name of the CodeBuild project that builds the image."""
    return f"{control_stack}-run-image"


def regions_with_image(settings: DeploySettings, targets: Iterable[str], control_region: str) -> list[str]:
    """Return the regions that need the image: the control stack's, which builds it, then those of workers."""
    used = {
        region
        for account, _, region in (name.partition("/") for name in targets)
        if "Image" not in settings.worker_parameters(account, region)
    }
    return [control_region, *sorted(used - {control_region})]


def image_stacks(
    base: Stack,
    settings: DeploySettings,
    accounts: Iterable[str],
    regions: Sequence[str],
    definition: Definition | None,
) -> list[Stack]:
    """Return the stack of each region, the one that builds the image first.

    `base` has the control account's id, its region and the template.
    """
    image = settings.image or ImageSettings()
    shared = {
        **image.parameters,
        "ControlStackName": settings.stack,
        "WorkerAccountIds": ",".join(sorted(set(accounts))),
        "EnvironmentType": _ENVIRONMENTS[image.architecture],
    }
    return [
        Stack(
            label=f"{IMAGE}:{region}",
            name=image.stack,
            account=CONTROL,
            account_id=base.account_id,
            region=region,
            template=base.template,
            parameters=shared | _building(base, settings, regions, definition if region == base.region else None),
        )
        for region in regions
    ]


def _building(
    base: Stack, settings: DeploySettings, regions: Sequence[str], definition: Definition | None
) -> dict[str, str]:
    if definition is None:
        return dict.fromkeys(_BUILDING, "")
    return {
        "DefinitionBucket": settings.artifacts_bucket.format(account=base.account_id, region=base.region),
        "DefinitionKey": f"{PREFIX}/{definition.key}",
        "ImageTag": definition.tag,
        "Regions": ",".join(regions),
    }


def image_parameters(own: Mapping[str, str], image: EcrImage | None, settings: ImageSettings | None) -> dict[str, str]:
    """Return a worker's parameters about its image: of the team's own image, or of the run image, or none."""
    if "Image" in own:
        in_ecr = EcrImage.parse(own["Image"])
        return {"ImageRepositoryArn": in_ecr.repository_arn if in_ecr else ""}
    if image is None or settings is None:
        return {}
    return {
        "Image": image.address,
        "ImageRepositoryArn": image.repository_arn,
        "EnvironmentType": _ENVIRONMENTS[settings.architecture],
    }


def architecture_problem(table: str, own: Mapping[str, str], settings: ImageSettings | None) -> str:
    """Return what is wrong if a worker's table asks for another architecture than the image's; empty if nothing is."""
    wanted = own.get("EnvironmentType")
    if settings is None or "Image" in own or wanted in {None, _ENVIRONMENTS[settings.architecture]}:
        return ""
    return f"{table}.EnvironmentType: the run image is for {settings.architecture}; set image.architecture instead"
