"""The image in which a target's builds run: the one that was built last, in its region, with the right to pull it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pointsmanctl.deployment.run_image.ecr_image import EcrImage
from pointsmanctl.deployment.run_image.images import digest_of
from pointsmanctl.deployment.run_image.stacks import repository_name
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.doctor.model import CheckResult, Link, TargetContext

NAME = "image"
_STANDARD = "aws/codebuild/amazonlinux-x86_64-standard:5.0"


@dataclass(frozen=True)
class ImageFacts:
    """What ECR and the stacks say of a target's image."""

    image: EcrImage
    built: str  # digest that the last deployment built, in this region; empty if there is none
    is_there: bool
    policy: str  # of the repository; empty if it has none
    account_id: str  # of the target
    repository_arn: str  # of which the worker stack may pull


def check(target: TargetContext) -> Iterator[CheckResult]:
    """Check the image of the worker stack."""
    link, installation = Link(NAME, target.name), target.control.installation
    deployed = target.parameter("Image")
    image = EcrImage.parse(deployed)
    ours = image is not None and image.repository == repository_name(target.control.stack_name)
    own = installation.settings.worker_parameters(target.account, target.region)
    if installation.settings.image is None or "Image" in own:
        yield _judge_unmanaged(link, deployed, is_run_image=ours and "Image" not in own)
    elif image is None or not ours:
        yield link.broken(f"builds use {deployed or 'no image'} instead of the run image", "run `pointsman deploy`")
    else:
        yield judge(link, _facts(target, image, installation.settings.image.stack))


def _judge_unmanaged(link: Link, deployed: str, *, is_run_image: bool) -> CheckResult:
    if is_run_image:
        return link.warning(
            "builds use the run image, but pointsman.toml has no [image]: nothing brings it up to date",
            f'add [image] to pointsman.toml, or set Image = "{_STANDARD}" in [workers.parameters]',
        )
    return link.skipped(f"no run image: builds use {deployed}")


def judge(link: Link, facts: ImageFacts) -> CheckResult:
    """Judge the image of a target."""
    image, deploy = facts.image, "run `pointsman deploy`"
    if not facts.is_there:
        return link.broken(
            f"{image.repository} in {image.region} does not have {image.digest}: no build starts", deploy
        )
    if facts.built != image.digest:
        return link.broken(f"builds use {image.digest}, not the image that was built last", deploy)
    if facts.repository_arn != image.repository_arn:
        return link.broken(f"the builds' roles may not pull from {image.repository} in {image.region}", deploy)
    if not admits(facts.policy, facts.account_id):
        return link.broken(
            f"{image.repository} in {image.region} does not admit account {facts.account_id}",
            "run `pointsman deploy --only image`",
        )
    return link.ok(f"{image.repository}@{image.digest[:19]} is in {image.region}, and builds may pull it")


def admits(policy: str, account_id: str) -> bool:
    """Whether a repository's policy lets an account pull. AWS writes an account's id as the ARN of its root."""
    for statement in json.loads(policy).get("Statement", []) if policy else []:
        principals = statement.get("Principal", {}).get("AWS", [])
        listed = [principals] if isinstance(principals, str) else principals
        if statement.get("Effect") == "Allow" and any(account_id in each.split(":") for each in listed):
            return True
    return False


def _facts(target: TargetContext, image: EcrImage, image_stack: str) -> ImageFacts:
    control = target.control
    ecr = control.client_in(target.region, "ecr")
    stack = read_stack(control.client("cloudformation"), image_stack)
    tag = stack.parameters.get("ImageTag", "") if stack else ""
    return ImageFacts(
        image=image,
        built=digest_of(ecr, image.repository, {"imageTag": tag}) if tag else "",
        is_there=bool(digest_of(ecr, image.repository, {"imageDigest": image.digest})),
        policy=_policy(ecr, image.repository),
        account_id=target.account_id,
        repository_arn=target.parameter("ImageRepositoryArn"),
    )


def _policy(ecr: Any, repository: str) -> str:
    from botocore.exceptions import ClientError

    try:
        return str(ecr.get_repository_policy(repositoryName=repository)["policyText"])
    except ClientError as error:
        if error.response["Error"]["Code"] in {"RepositoryNotFoundException", "RepositoryPolicyNotFoundException"}:
            return ""
        raise
