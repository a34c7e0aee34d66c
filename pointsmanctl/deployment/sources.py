"""Where this version's templates and sources are, and the built control stack. Nothing is ever written beside them."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsmanctl.deployment.packages import PackageBuilder
from pointsmanctl.deployment.python_runtime import PythonRuntime
from pointsmanctl.deployment.template import read_template
from pointsmanctl.errors import DeploymentFailed

_INSTALLED = Path(__file__).resolve().parents[1] / "_product"  # in a wheel, pyproject.toml puts the sources there
PRODUCT = _INSTALLED if _INSTALLED.exists() else Path(__file__).resolve().parents[2]
_AT_ONCE = 4  # packages
_ARTIFACT = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


@dataclass(frozen=True)
class Sources:
    """The templates of this version, with the sources beside them."""

    control: Path = PRODUCT / "template.yaml"
    worker: Path = PRODUCT / "regional" / "template.yaml"
    image: Path = PRODUCT / "image" / "template.yaml"

    def check(self) -> None:
        """Check that the templates are there. Raises DeploymentFailed."""
        for path in (self.control, self.worker, self.image):
            if not path.exists():
                raise DeploymentFailed(f"{path} is missing: install Pointsman again")


def build_control(template: Path, directory: Path, routes: Path, architecture: str, release: str = "") -> Path:
    """Build the control stack's functions and layers with the rules in `routes`; the built template.

    `release` is a text that changes with whatever else has to publish new versions of the functions. Raises
    DeploymentFailed.
    """
    content = read_template(template)
    common = content["Globals"]["Function"]
    runtime = PythonRuntime(common["Runtime"].removeprefix("python"))
    builder = PackageBuilder(template.parent, routes, architecture, runtime, release)
    packaged = {name: each for name, each in content["Resources"].items() if each["Type"] in _ARTIFACT}

    def build(name: str) -> None:
        resource = packaged[name]
        resource["Properties"][_ARTIFACT[resource["Type"]]] = str(builder.build(resource, directory / "build" / name))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(build, packaged))
    common.pop("CodeUri")  # every function has its own
    return _write(content, directory / "build" / "template.json")


def _write(template: dict[str, Any], path: Path) -> Path:
    path.write_text(json.dumps(template, default=str), encoding="utf-8")  # YAML reads 2012-10-17 as a date
    return path
