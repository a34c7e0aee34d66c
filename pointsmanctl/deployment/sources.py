"""Where the templates are, `sam build`, and the files that a template carries."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pointsmanctl.deployment.sam import run_sam
from pointsmanctl.deployment.template import read_template
from pointsmanctl.errors import DeploymentFailed

CHECKOUT = Path(__file__).resolve().parents[2]
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")  # what tools and tests leave in a directory


@dataclass(frozen=True)
class Sources:
    """The templates of this version, with the sources beside them."""

    control: Path = CHECKOUT / "template.yaml"
    worker: Path = CHECKOUT / "regional" / "template.yaml"
    image: Path = CHECKOUT / "image" / "template.yaml"

    def check(self) -> None:
        """Check that the templates are there. Raises DeploymentFailed."""
        for path in (self.control, self.worker, self.image):
            if not path.exists():
                raise DeploymentFailed(f"{path} is missing: run `pointsman deploy` from a checkout of Pointsman")


def build_control(template: Path, directory: Path, routes: Path, architecture: str, release: str = "") -> Path:
    """Build the control stack's functions and layers with the rules in `routes`; the built template.

    `release` is a text that changes with whatever else has to publish new versions of the functions.
    Not cached: SAM would not notice a change of routes.yaml, which is outside the layer's directory.
    """
    built = directory / "build"
    variables = {
        "POINTSMAN_ARCHITECTURE": architecture,
        "POINTSMAN_ROUTES": str(routes.absolute()),
        "POINTSMAN_RELEASE": release,
    }
    run_sam(["build", "--template", str(template), "--build-dir", str(built), "--parallel"], directory, variables)
    return built / "template.yaml"


def stage_worker(template: Path, directory: Path) -> Path:
    """Copy the worker template with the files of its layers; the copy.

    SAM CLI packages a directory as it is, and the layer would be another one after every run of a test.
    """
    staged = directory / "worker" / template.parent.name / template.name
    staged.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, staged)
    for resource in read_template(template)["Resources"].values():
        content = resource.get("Properties", {}).get("Content")
        if resource["Type"] == "AWS::Lambda::LayerVersion" and isinstance(content, str):
            shutil.copytree(template.parent / content, staged.parent / content, ignore=_LEFT_OUT, dirs_exist_ok=True)
    return staged


def directory_digest(directory: Path) -> str:
    """Return the digest by which SAM CLI names the archive of a directory, without what `stage_worker` leaves out.

    See `dir_checksum` in samcli/lib/utils/hash.py: each file's path, then the digest of its content.
    """
    digest = hashlib.md5(usedforsecurity=False)
    files: list[str] = []
    for parent, folders, names in os.walk(directory, followlinks=True):
        left_out = _LEFT_OUT(parent, [*folders, *names])
        folders[:] = [each for each in folders if each not in left_out]
        files += [os.path.join(parent, each) for each in names if each not in left_out]  # noqa: PTH118 - sorted as SAM does
    for file in sorted(files):
        digest.update(os.path.relpath(file, directory).encode())
        digest.update(hashlib.md5(Path(file).read_bytes(), usedforsecurity=False).hexdigest().encode())
    return digest.hexdigest()
