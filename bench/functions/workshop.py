"""The setting of the cases: unpacked functions, their environment, AWS, and bare handlers."""

import compileall
import os
import py_compile
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.functions import bare, bare_sender, events
from bench.functions.artifacts import Artifacts, Function, resolved
from bench.functions.aws import SLACK, Aws
from bench.functions.certificates import Authority
from bench.functions.runtime import Program, Running, make_runtime, started

ROOT = Path(__file__).parents[2]
ROUTES_LAYER = "RoutesLayer"
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "111111111111",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "pointsman",
}
ANSWERS = {
    "ExternalId": "the-benchmark-knows-it",
    "SlackChannel": "C0123456789",
    "LogLevel": "INFO",
}


@dataclass(frozen=True)
class Workshop:
    """Starts functions in folder `scratch`."""

    artifacts: Artifacts
    aws: Aws
    scratch: Path
    authority: Authority

    @contextmanager
    def start(self, program: Program, event: bytes) -> Iterator[Running]:
        """Start a function with its first event."""
        with started(program, self.scratch / "runtime", self.scratch, event) as running:
            yield running
        if self.aws.faults:
            raise RuntimeError(f"{program.handler}: {'; '.join(self.aws.faults)}")

    def ours(self, logical_id: str, routes: str | None = None) -> Program:
        """One of the product's functions; with `routes`, with these routes instead of the build's."""
        function = self.artifacts.function(logical_id)
        root = self.scratch / f"{logical_id}{'-routes' if routes else ''}"
        if not root.exists():
            self.artifacts.unpack(function, root, {ROUTES_LAYER: self._compiled(routes)} if routes else {})
            self.authority.join(root)
        return Program(root, function.handler, self._variables(function, root), function.memory)

    def bare(self, handler: str) -> Program:
        """A bare handler: no layer, and no variable but where AWS is."""
        root = self.scratch / "bare"
        if not root.exists():
            (root / "var/task").mkdir(parents=True)
            for module in (bare, bare_sender):
                shutil.copy(str(module.__file__), root / "var/task")
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            compileall.compile_dir(root, quiet=1, invalidation_mode=mode)
        variables = {"AWS_ENDPOINT_URL": self.aws.url, "SSL_CERT_FILE": str(self.scratch / "system.pem")}
        return Program(root, handler, variables)

    def _compiled(self, routes: str) -> Path:
        """Build the routes layer from other routes with the product's own Makefile."""
        folder = self.scratch / "routes-layer"
        if not folder.exists():
            folder.mkdir()
            (folder / "routes.yaml").write_text(routes)
            layer = folder / "layer"
            subprocess.run(
                ["make", "--makefile", str(ROOT / "layers/routes/Makefile"), f"build-{ROUTES_LAYER}"],
                cwd=folder,
                env=os.environ | {"ARTIFACTS_DIR": str(layer), "POINTSMAN_ROUTES": str(folder / "routes.yaml")},
                check=True,
                stdout=subprocess.DEVNULL,
            )
        return folder / "layer"

    def _variables(self, function: Function, root: Path) -> dict[str, str]:
        references = _references(self.artifacts.template, self.aws.url)
        variables = {name: resolved(value, references) for name, value in function.variables.items()}
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "SSL_CERT_FILE": str(self.scratch / "system.pem"),
            **{name: _moved(value, root) for name, value in variables.items()},
        }


@contextmanager
def opened(build: Path, scratch: Path) -> Iterator[Workshop]:
    """A workshop for the build in `build`."""
    artifacts = Artifacts(build)
    make_runtime(scratch / "runtime")
    authority = Authority(scratch)
    authority.join(scratch / "runtime/botocore")
    authority.system_list(scratch / "system.pem")
    secrets = {"pointsman/github-webhook": events.SECRET, "pointsman/slack-token": "xoxb-bench"}
    aws = Aws(authority, secrets, artifacts.keys())
    with aws.running():
        yield Workshop(artifacts, aws, scratch, authority)


def _references(template: Mapping[str, Any], endpoint: str) -> dict[str, str]:
    """What Ref gives: parameters as answered or by default, queues their address, other resources their logical id."""
    parameters = {name: str(each["Default"]) for name, each in template["Parameters"].items() if "Default" in each}
    resources = {
        name: f"{endpoint}/111111111111/{name}.fifo" if each["Type"] == "AWS::SQS::Queue" else name
        for name, each in template["Resources"].items()
    }
    return PSEUDO_PARAMETERS | parameters | ANSWERS | {"SlackApiUrl": endpoint + SLACK} | resources


def _moved(value: str, root: Path) -> str:
    """A path below /opt or /var/task, where it is here."""
    return str(root) + value if value.startswith(("/opt/", "/var/task/")) else value
