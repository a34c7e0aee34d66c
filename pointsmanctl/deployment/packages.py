"""The content of the functions' and layers' packages, as Lambda unpacks it.

`pointsman deploy` builds them by `sources.py`. `sam build` does it by the Makefiles, which call this module:
`python -m pointsmanctl.deployment.packages SharedLayer DIRECTORY`, with POINTSMAN_ROUTES,
POINTSMAN_ARCHITECTURE and POINTSMAN_RELEASE.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsmanctl.deployment.python_runtime import PythonRuntime
from pointsmanctl.deployment.template import read_template
from pointsmanctl.errors import DeploymentFailed

ROUTES_PACKAGE = "pointsman_routes"
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")  # what tools and tests leave in a directory
_ALSO_IN = {"layers/shared": ("runner/redaction",)}  # what is needed in builds, too, has its home there
_ROUTES_LAYER = "layers/routes"
_CONDITIONAL_LAYERS = {"webhook_receiver": "layers/github_app"}


@dataclass(frozen=True)
class PackageBuilder:
    """Builds packages from the sources beside a template, with the rules of one file."""

    product: Path
    routes: Path
    architecture: str
    runtime: PythonRuntime
    release: str = ""  # another one is another version of each function

    def build(self, resource: Mapping[str, Any], artifact: Path) -> Path:
        """Build the package of a function or layer of the template into `artifact`. Raises DeploymentFailed."""
        properties = resource["Properties"]
        if "Handler" in properties:
            self._function(properties["Handler"].split(".")[1], artifact)
        else:
            self._layer(properties["ContentUri"], artifact)
        return artifact

    def _function(self, name: str, artifact: Path) -> None:
        """The function's own folder below `functions`, so that a handler's name is the same in Lambda and in tests."""
        functions = artifact / "functions"
        functions.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.product / "functions" / "__init__.py", functions)
        _copy(self.product / "functions" / name, functions)
        (functions / "release").write_text(f"{self.release}\n{self._conditional_layer(name)}")
        self.runtime.compile(functions, artifact, "/var/task")

    def _conditional_layer(self, name: str) -> str:
        """What a function's layer below a condition contains: CloudFormation publishes no version when that changes."""
        folder = _CONDITIONAL_LAYERS.get(name)
        return (self.product / folder / "requirements.txt").read_text(encoding="utf-8") if folder else ""

    def _layer(self, folder: str, artifact: Path) -> None:
        packages = artifact / "python"
        packages.mkdir(parents=True, exist_ok=True)
        source = self.product / folder
        if (source / "requirements.txt").exists():
            self.runtime.install(source / "requirements.txt", packages, self.architecture)
            for part in _unused(source / "unused.txt"):
                shutil.rmtree(packages / part)
        own = [path.parent for path in source.glob("*/__init__.py")]
        for package in (*own, *(self.product / each for each in _ALSO_IN.get(folder, ()))):
            _copy(package, packages)
        if folder == _ROUTES_LAYER:
            self._compile_routes(packages / ROUTES_PACKAGE)
        self.runtime.compile(packages, artifact, "/opt")

    def _compile_routes(self, package: Path) -> None:
        """Check the team's rules and compile them. A rule that makes no sense fails the build."""
        from pointsman.core.routes.compile import compile_routes
        from pointsmanctl.routes_file.reader import read_routes

        try:
            routes, errors = read_routes(self.routes)
        except OSError as error:
            raise DeploymentFailed(f"{self.routes}: {error.strerror}") from error
        if routes is None:
            raise DeploymentFailed("\n".join(map(str, errors)))
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text('"""routes.json: the compiled rules of routes.yaml."""\n')
        (package / "routes.json").write_bytes(compile_routes(routes).to_json())


def _unused(listed: Path) -> Iterator[str]:
    """The parts of installed packages that no function imports."""
    if listed.exists():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                yield line


def _copy(package: Path, into: Path) -> None:
    shutil.copytree(package, into / package.name, ignore=LEFT_OUT, dirs_exist_ok=True)


def main(arguments: Sequence[str]) -> int:
    """Build one resource of the control template into a directory. Returns 0, or 1 with the reason on stderr."""
    from pointsmanctl.deployment.sources import PRODUCT

    name, artifact = arguments
    template = read_template(PRODUCT / "template.yaml")
    routes = Path(os.environ.get("POINTSMAN_ROUTES") or PRODUCT / "routes.yaml")
    runtime = PythonRuntime(template["Globals"]["Function"]["Runtime"].removeprefix("python"))
    architecture, release = os.environ.get("POINTSMAN_ARCHITECTURE") or "arm64", os.environ.get("POINTSMAN_RELEASE", "")
    builder = PackageBuilder(PRODUCT, routes, architecture, runtime, release)
    try:
        builder.build(template["Resources"][name], Path(artifact))
    except DeploymentFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
