"""The environment of a build's commands: what CodeBuild sets, and nothing of this machine's own.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from localcloud import names
from localcloud.codebuild.model import Build
from localcloud.layout import CHECKOUT

_ECR_IMAGE: Final = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\.[^/]+/(?P<repository>[^:@]+)")
_PRIVILEGED: Final = CHECKOUT / "localcloud" / "codebuild" / "privileged"
_INVENTORY: Final = CHECKOUT / "localcloud" / "inventory"

type Resolve = Callable[[str, str], str]
"""(kind, reference) to the value of a PARAMETER_STORE or SECRETS_MANAGER variable."""


def image_variables(hosts: Path, cache: Path) -> dict[str, str]:
    """What the build image sets: Ansible on the PATH, the directories of the emulated hosts and of the cache.

    CodeBuild restores a cache into each build and stores it afterwards; here all builds share one directory.
    """
    path = [str(Path(sys.prefix) / "bin"), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    return {
        "PATH": ":".join(path),
        "LANG": "C.UTF-8",
        "POINTSMAN_HOSTS_ROOT": str(hosts),
        "POINTSMAN_INVENTORY_DIRECTORY": str(_INVENTORY),
        "POINTSMAN_CACHE": str(cache),
    }


def privileged_variables(build: Build, image: Mapping[str, str]) -> dict[str, str]:
    """What a build in privileged mode has beside the image: docker, which is a stand-in here."""
    return {"PATH": f"{_PRIVILEGED}:{image['PATH']}"} if build.environment.get("privilegedMode") else {}


def pull_permissions(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a build's role must allow so that CodeBuild can pull the image with it: pairs of action and resource."""
    image = _ECR_IMAGE.match(environment.get("image", ""))
    if environment.get("imagePullCredentialsType") != "SERVICE_ROLE" or not image:
        return []
    repository = f"arn:aws:ecr:{image['region']}:{image['account']}:repository/{image['repository']}"
    actions = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return [("ecr:GetAuthorizationToken", "*"), *((action, repository) for action in actions)]


def build_variables(build: Build, directory: Path, endpoint: str, credentials_uri: str) -> dict[str, str]:
    """What CodeBuild sets for every build, with the emulator's endpoint and the source in `directory`/src."""
    account, region = build.account, build.region
    return {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials_uri,
        "POINTSMAN_HOST_ACCOUNT": names.account_name(account),
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": build.environment.get("image", ""),
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": build.project.get("encryptionKey", ""),
        "CODEBUILD_LOG_PATH": build.log_stream,
        "CODEBUILD_PROJECT_ARN": f"arn:aws:codebuild:{region}:{account}:project/{build.project_name}",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.resolved_source_version or "",
        "CODEBUILD_SOURCE_REPO_URL": build.source.get("location", ""),
        "CODEBUILD_SOURCE_VERSION": build.source_version,
        "CODEBUILD_SRC_DIR": str(directory / "src"),
        "CODEBUILD_START_TIME": str(int(build.start * 1000)),
        "HOME": str(directory / "home"),
        "TMPDIR": str(directory / "tmp"),
    }


def merge(*layers: Mapping[str, str]) -> dict[str, str]:
    """Merge the layers; later ones win: image, CodeBuild, buildspec, project, overrides of StartBuild."""
    merged: dict[str, str] = {}
    for layer in layers:
        merged.update(layer)
    return merged


def override(project: list[dict[str, Any]], overrides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The project's variables, replaced by overrides of the same name; new ones at the end."""
    replaced = {each["name"]: each for each in overrides}
    merged = [replaced.pop(each["name"], each) for each in project]
    return [*merged, *replaced.values()]


def declared_values(variables: list[dict[str, Any]], resolve: Resolve) -> dict[str, str]:
    """The values of variables by name; references to parameters and secrets are resolved."""
    values = {}
    for each in variables:
        kind, value = each.get("type") or "PLAINTEXT", str(each.get("value", ""))
        values[str(each["name"])] = value if kind == "PLAINTEXT" else resolve(kind, value)
    return values
